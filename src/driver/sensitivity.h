// What the 8-bit form of each operator does to the results of a network: one operator at a time, the rest in floats.
#pragma once

#include <functional>
#include <vector>

#include "driver/result_noise.h"
#include "passes/quantize_plan.h"

namespace tpuc {

struct UnitNoise {
  const Op* op = nullptr;  // of the canonical graph
  double noise = 0;        // power beside that of the results' signal (result_noise.h)
  double alone = 0;        // the same for the operands themselves: how much of them 8 bits lose
  int64_t work = 0;        // of its evaluation
};

struct SensitivityRequest {
  const Quantization* how = nullptr;
  const QuantizePlan* plan = nullptr;
  const std::vector<NamedTensors>* samples = nullptr;
  unsigned threads = 0;
  std::function<bool(const Op&)> is_unit;  // empty: all that round something
  int64_t most_work = int64_t{1} << 40;  // of all trials together: beyond it operators with little `alone` are left out
  std::function<void(size_t done, size_t total)> on_trials;
};

// Operators with operands or weights to round. A trial computes only what follows its operator: what
// comes before is kept from the run in floats, where memory allows.
std::vector<UnitNoise> measure_units(const Graph& canonical, const ResultNoise& results,
                                     const SensitivityRequest& request);

}  // namespace tpuc
