// Predicted time of a network's layers in one precision.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "driver/pipeline.h"
#include "tpuc/quant/table.h"

namespace tpuc {

// Behind the two times.
inline constexpr std::string_view kInt8DoesNotPay = ": 8 bits do not pay for this network";

struct LayerTimes {
  int64_t total = 0;  // cycles
  std::unordered_map<std::string, int64_t> layers;
  // Of the layer, whatever suffix lowering gave its name; 0 where it is not there.
  int64_t of(const std::string& name) const;
};

// Compiles a copy of the canonical graph, in options.precision and by its precision table, and asks the cycle model. As
// in `compile`, the calibration counts only where something is to be in 8 bits.
LayerTimes layer_times(const Module& canonical, const CalibrationTable& calibration, const CompileOptions& options,
                       const Backend& backend);
// The total; nothing where the chip refuses the network, which is for `compile` to tell.
std::optional<int64_t> predicted_cycles(const Module& canonical, const CalibrationTable& calibration,
                                        const CompileOptions& options, const Backend& backend);

}  // namespace tpuc
