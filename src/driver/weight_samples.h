// What the weights of an operator multiply, at some positions of its result.
#pragma once

#include <vector>

#include "passes/filter_layout.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

// Appends at most `most` rows, each for a position of the result that `seed` chooses; all positions where they are no
// more. A row holds inputs * taps numbers, the tap last: the input that meets the weight, 0 in the padding.
//   op: of filter_layout, x its operand
void append_weight_samples(const Op& op, const FilterLayout& layout, const Tensor& x, size_t most, uint64_t seed,
                           std::vector<float>& rows);

}  // namespace tpuc
