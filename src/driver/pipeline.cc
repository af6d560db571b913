// The phases of a compilation in their order. What each does stands elsewhere.
#include "driver/pipeline.h"

#include <algorithm>

#include "driver/options.h"
#include "driver/precision_choice.h"
#include "driver/quantization.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

PassOptions pass_options(const CompileOptions& options, bool lower, const Backend* opt_backend) {
  PassOptions passes;
  passes.disabled_passes = options.disabled_passes;
  passes.disabled_rules = options.disabled_rules;
  passes.stop_after = options.stop_after;
  passes.dump_dir = options.dump_dir;
  passes.dump_after = options.dump_after;
  passes.lower = lower;
  passes.precision = dtype_of_floats(options.precision);
  passes.native_border = options.native_io;
  if (opt_backend != nullptr)
    passes.supports = [opt_backend](const Op& op, DType precision) { return opt_backend->supports(op, precision).ok; };
  return passes;
}

// What the network's users must know: lowering changed the type of an input or an output.
void note_changes(std::string_view kind, const std::vector<ArtifactTensor>& before,
                  const std::vector<ArtifactTensor>& after, std::vector<std::string>& notes) {
  for (size_t i = 0; i < before.size() && i < after.size(); ++i) {
    if (before[i].type == after[i].type) continue;
    notes.push_back(fmt::format("{} `{}`: {} became {}", kind, before[i].name, to_string(before[i].type),
                                to_string(after[i].type)));
  }
}

// Whether constant matrices are asked to become integers where products stay in floats.
bool asks_for_integer_weights(const PrecisionTable& table) {
  return std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) { return row.weight_bits != 0; });
}

std::vector<ArtifactTensor> tensors_of(const std::vector<const Value*>& values) {
  std::vector<ArtifactTensor> out;
  out.reserve(values.size());
  for (const Value* v : values) out.push_back({v->name, v->type});
  return out;
}

}  // namespace

std::unique_ptr<const Backend> make_backend(const std::string& chip) {
  if (chip == "bm1684x") return make_bm1684x_backend();
  throw UserError(diagnostic(ErrorCode::E2001, "--chip `{}` is not known", chip).note("hint", "there is bm1684x"));
}

Prepared prepare_float(const ModelRequest& request, const CompileOptions& options, PhaseClock& clock) {
  Prepared out;
  clock.start("import");
  out.module = load_model_graph(request);
  clock.start("optimise");
  out.report = run_pipeline(out.module, pass_options(options, false, nullptr));
  clock.stop();
  return out;
}

Prepared prepare_lowered(const ModelRequest& request, const CompileOptions& options, const Backend& backend,
                         PhaseClock& clock) {
  Prepared out;
  clock.start("import");
  out.module = load_model_graph(request);
  Graph& graph = main_graph(out.module);
  const std::vector<ArtifactTensor> inputs = inputs_of(graph), outputs = outputs_of(graph);
  const LayerPrecisions table(options.precision_table, graph);
  clock.start("optimise and lower");
  PassOptions passes = pass_options(options, true, &backend);
  const bool is_int8 = asks_for_int8(options.precision, options.precision_table);
  CalibrationTable calibration;
  if ((is_int8 || asks_for_integer_weights(options.precision_table)) && !options.calibration.empty())
    calibration = read_calibration_table(options.calibration);
  for (const auto& [name, row] : calibration.ranges)
    if (!row.scales.values.empty()) passes.channel_scales.emplace(name, row.scales);
  passes.roundings = calibrated_roundings(calibration);
  const PrecisionRequest precision{
      passes.precision,         &table,
      &request.import.like,     options.opt_tolerance.value_or(default_tolerance(options.precision)),
      options.strict_precision, request.threads};
  passes.weight_bits = [&table](const Op& op) { return table.weight_bits_of(op); };
  passes.layer_precisions = [&](const Graph& canonical) {
    clock.start("choose precisions");
    PrecisionChoice choice = choose_precisions(canonical, precision, backend);
    clock.start("optimise and lower");
    out.precision_notes.insert(out.precision_notes.end(), choice.notes.begin(), choice.notes.end());
    out.opt_range_loss = std::move(choice.opt_loss);
    out.opt_rounding_loss = std::move(choice.opt_rounding_loss);
    if (is_int8) choice.of.merge(calibrated_types(canonical, calibration, table));
    return std::move(choice.of);
  };
  if (is_int8) {
    passes.quantization = [&, known = std::optional<Quantization>()](const Graph& canonical) mutable {
      if (!known)
        known = make_quantization(canonical, calibration, {options.precision, &table, options.asymmetric},
                                  out.precision_notes);
      return *known;
    };
  }
  out.report = run_pipeline(out.module, passes);
  clock.stop();
  note_changes("input", inputs, inputs_of(graph), out.border_notes);
  note_changes("output", outputs, outputs_of(graph), out.border_notes);
  return out;
}

CompiledNet compile_lowered(const Prepared& lowered, const CompileOptions& options, const Backend& backend,
                            unsigned threads, PhaseClock& clock) {
  const Net& net = lowered.module.nets.front();
  const Graph& graph = *net.stages.front();
  BackendOptions how;
  how.precision = dtype_of_floats(options.precision);
  how.net_name = net.name.empty() ? "net" : net.name;
  how.group_layers = options.group_layers;
  how.threads = threads;
  how.max_seconds = options.max_seconds;
  how.dump_dir = options.dump_dir;
  how.border_notes = lowered.border_notes;
  how.on_phase = [&clock](std::string_view phase) { clock.start(phase); };
  clock.start("backend");
  CompiledNet compiled = backend.compile(graph, how);
  clock.stop();
  return compiled;
}

std::vector<std::byte> combine_stages(const std::vector<CompiledNet>& stages, const Backend& backend) {
  std::vector<std::span<const std::byte>> artifacts;
  artifacts.reserve(stages.size());
  for (const CompiledNet& stage : stages) artifacts.emplace_back(stage.bytes);
  return backend.combine(artifacts);
}

std::vector<ArtifactTensor> inputs_of(const Graph& graph) {
  std::vector<const Value*> values;
  for (const auto& v : graph.inputs()) values.push_back(v.get());
  return tensors_of(values);
}

std::vector<ArtifactTensor> outputs_of(const Graph& graph) {
  return tensors_of({graph.outputs().begin(), graph.outputs().end()});
}

}  // namespace tpuc
