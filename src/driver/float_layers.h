// The few operators that 8 bits are too coarse for: found when a network is calibrated, left in floats by default.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/quant/table.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

inline constexpr double kUsualDecibels = 30;

struct FloatLayersRequest {
  const CalibrationTable* table = nullptr;  // ranges of all values
  std::vector<NamedTensors> samples;        // few: each trial runs them all
  bool asymmetric = false;
  double decibels = kUsualDecibels;  // wanted between the results' signal and their noise
  unsigned threads = 0;
  std::function<void(size_t done, size_t total)> on_trials;
};

struct FloatLayers {
  std::map<std::string, DType> precisions;  // F16 or F32, by name of the result; empty: all stays in 8 bits
  size_t layers = 0;                        // operators that were chosen; others follow, as they stand between floats
  double work = 0;                          // share of the 8-bit operators' work that those chosen have
  bool suffices = true;                     // or 8 bits are good enough for what the results are
  double int8_decibels = 0, decibels = 0;   // with all operators in 8 bits, and with these in floats
};

// Nothing is left in floats where 8 bits do well enough, and nothing either where no few operators are to blame: then
// `tpuc quantize` finds what it takes.
FloatLayers find_float_layers(const Module& canonical, const FloatLayersRequest& request);

}  // namespace tpuc
