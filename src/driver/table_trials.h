// What a calibration table makes of its network, tried out: predicted time, and how much the samples' results suffer.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "driver/layer_times.h"
#include "driver/precision_table.h"
#include "driver/result_noise.h"
#include "passes/quantize_plan.h"
#include "tpuc/backend/backend.h"
#include "tpuc/quant/table.h"

namespace tpuc {

struct TableTrialsRequest {
  std::vector<NamedTensors> samples;  // few: each trial of noise runs them all
  bool asymmetric = false;
  unsigned threads = 0;
};

class TableTrials {
 public:
  // Runs the network in floats on the samples. `module` and `backend` must outlive this.
  TableTrials(const Module& module, TableTrialsRequest request, const Backend& backend);

  const Graph& graph() const { return graph_; }
  const ResultNoise& results() const { return results_; }
  // Which operators compute in 8 bits.
  QuantizePlan plan(const CalibrationTable& table) const;
  // Compiles; nothing where the chip refuses the network.
  std::optional<LayerTimes> times(const CalibrationTable& table, Precision precision = Precision::Int8) const;
  // A copy of the network with everything in the types that the table says.
  Module lowered(const CalibrationTable& table) const;
  // dB between the signal of its results and their noise.
  double decibels(const CalibrationTable& table) const;
  // Which of these operators, by name of the result, have ranges that F16 holds, in which other data find room too.
  std::unordered_set<std::string> fitting_f16(const CalibrationTable& table,
                                              const std::function<bool(const Op&)>& is_asked) const;

 private:
  Quantization quantization(const Graph& canonical, const CalibrationTable& table) const;

  const Module& module_;
  const Graph& graph_;
  const TableTrialsRequest request_;
  const Backend& backend_;
  const ResultNoise results_;
  const LayerPrecisions no_rows_;
};

}  // namespace tpuc
