// Reads the back end's own profile: there is one account of time.
#include <nlohmann/json.hpp>

#include "driver/layer_times.h"
#include "driver/options.h"
#include "driver/quantization.h"
#include "tpuc/ir/copy.h"

namespace tpuc {

int64_t LayerTimes::of(const std::string& name) const {
  const auto found = layers.find(name);
  return found == layers.end() ? 0 : found->second;
}

LayerTimes layer_times(const Module& canonical, const CalibrationTable& calibration, const CompileOptions& options,
                       const Backend& backend) {
  Prepared lowered;
  lowered.module = copy_module(canonical);
  const LayerPrecisions table(options.precision_table, main_graph(lowered.module));
  std::vector<std::string> notes;
  PassOptions passes;
  passes.precision = dtype_of_floats(options.precision);
  passes.supports = [&backend](const Op& op, DType t) { return backend.supports(op, t).ok; };
  const bool is_int8 = asks_for_int8(options.precision, options.precision_table);
  passes.layer_precisions = [&, is_int8](const Graph& graph) {
    std::unordered_map<const Op*, DType> rows;
    if (is_int8) rows = calibrated_types(graph, calibration, table);
    for (const Op& op : graph.ops())
      if (const auto row = table.of(op); row && is_float(*row)) rows.emplace(&op, *row);
    return rows;
  };
  if (is_int8)
    passes.quantization = [&](const Graph& graph) {
      return make_quantization(graph, calibration, {options.precision, &table, options.asymmetric}, notes);
    };
  run_lowering(lowered.module, passes);
  CompileOptions how = options;
  how.dump_dir.clear();
  PhaseClock clock;
  const CompiledNet net = compile_lowered(lowered, how, backend, 0, clock);
  const auto profile = nlohmann::json::parse(backend.profile(net.bytes, true));
  LayerTimes times;
  times.total = profile.at("total_cycles").get<int64_t>();
  for (const auto& row : profile.at("stages").at(0).at("rows")) {
    const std::string name = row.at("layer").get<std::string>();
    times.layers[name.substr(0, name.find('~'))] += row.at("cycles").get<int64_t>();
  }
  return times;
}

std::optional<int64_t> predicted_cycles(const Module& canonical, const CalibrationTable& calibration,
                                        const CompileOptions& options, const Backend& backend) {
  try {
    return layer_times(canonical, calibration, options, backend).total;
  } catch (const UserError&) {
    return std::nullopt;
  }
}

}  // namespace tpuc
