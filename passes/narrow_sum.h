// Sums of tensors of different scales by multipliers of a few bits: the chip adds 16-bit integers in half the time of
// 32-bit ones.
#pragma once

#include <optional>
#include <vector>

#include "passes/requantize.h"

namespace tpuc {

// Multipliers (one for each input, negative where `signs` is) whose ratios are close to those of the scales, and the
// factor of their sum in steps of `out`. Nothing where all terms together may be off by more than 1/16 of a step, or a
// sum needs more than 16 bits.
struct NarrowSum {
  std::vector<double> multipliers;
  double scale = 1;
};
std::optional<NarrowSum> narrow_sum(const std::vector<QuantParams>& in, const std::vector<double>& signs,
                                    const QuantParams& out);

}  // namespace tpuc
