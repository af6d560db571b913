// Lowered networks are run on the host: their noise is that of 8 bits and of halves together.
#include "driver/table_trials.h"

#include "driver/f16_range.h"
#include "driver/f16_replay.h"
#include "driver/quantization.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"

namespace tpuc {

TableTrials::TableTrials(const Module& module, TableTrialsRequest request, const Backend& backend)
    : module_(module),
      graph_(*module.nets.front().stages.front()),
      request_(std::move(request)),
      backend_(backend),
      results_(graph_, request_.samples, request_.threads) {}

Quantization TableTrials::quantization(const Graph& canonical, const CalibrationTable& table) const {
  std::vector<std::string> notes;
  return make_quantization(canonical, table, {Precision::Int8, &no_rows_, request_.asymmetric}, notes);
}

QuantizePlan TableTrials::plan(const CalibrationTable& table) const {
  return plan_quantization(graph_, quantization(graph_, table));
}

std::optional<LayerTimes> TableTrials::times(const CalibrationTable& table, Precision precision) const {
  CompileOptions options;
  options.precision = precision;
  options.asymmetric = request_.asymmetric;
  try {
    return layer_times(module_, table, options, backend_);
  } catch (const UserError&) {
    return std::nullopt;
  }
}

Module TableTrials::lowered(const CalibrationTable& table) const {
  Module copy = quantized_copy(module_, table, [&](const Graph& canonical) { return quantization(canonical, table); });
  PassOptions passes;
  passes.verify_each = false;
  passes.precision = DType::F32;
  passes.supports = [this](const Op& op, DType t) { return backend_.supports(op, t).ok; };
  passes.layer_precisions = [&](const Graph& graph) { return calibrated_types(graph, table, no_rows_); };
  const std::string names[] = {"lower-precision"};
  run_passes(copy, names, passes);
  return copy;
}

double TableTrials::decibels(const CalibrationTable& table) const {
  return tpuc::decibels(results_.measure(*lowered(table).nets.front().stages.front()));
}

std::unordered_set<std::string> TableTrials::fitting_f16(const CalibrationTable& table,
                                                         const std::function<bool(const Op&)>& is_asked) const {
  // What overflows on the samples is judged by its harm there: a mask's -1e9 does none.
  const auto may_fit = [&](const Op& op) {
    return table.ranges.contains(op.out(0)->name) && is_float(op.out(0)->type.dtype) && is_asked(op) &&
           (float_beside_int8(op, table) == DType::F16 || largest_seen(op, table) >= kF16Overflow);
  };
  std::unordered_set<const Op*> lost;
  for (const NamedTensors& sample : request_.samples)
    lost.merge(find_range_losses(graph_, sample, may_fit, request_.threads).keep_in_f32);
  std::unordered_set<std::string> names;
  for (const Op& op : graph_.ops())
    if (may_fit(op) && !lost.contains(&op)) names.insert(op.out(0)->name);
  return names;
}

}  // namespace tpuc
