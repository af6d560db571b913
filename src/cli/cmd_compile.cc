// tpuc compile: a model becomes a bmodel; optionally verified on a sample first.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/lower_args.h"
#include "driver/options.h"
#include "driver/verify.h"
#include "tpuc/ir/text.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

struct CompileArgs {
  ModelArgs model;
  LowerArgs lowering;
  std::string output, verify, tolerance;
  bool stats = false;
};

// What verification needs of the float graph, which is gone before the back end starts.
struct Sample {
  NamedTensors tensors;
  FloatResult reference;
  LoweredResult lowered;
};

Sample run_sample(const CompileArgs& args, const ModelRequest& request, const CompileOptions& options,
                  const Graph& lowered, const Backend& backend, PhaseClock& clock) {
  Sample sample;
  sample.tensors = read_tensors(args.verify);
  {
    Prepared prepared = prepare_float(request, options, clock);
    clock.start("run float graph");
    sample.reference = run_float(main_graph(prepared.module), sample.tensors, request.threads);
  }
  clock.start("run lowered graph");
  sample.lowered = run_lowered(lowered, backend, sample.tensors, sample.reference, request.threads);
  clock.stop();
  if (sample.lowered.overflow) throw UserError(*sample.lowered.overflow);
  return sample;
}

// What the user may do about comparisons that fail: the rows against rounding where it is known to be the cause.
Diagnostic failed_verification(size_t failing, const Tolerance& tolerance, const std::optional<Diagnostic>& opt_cause) {
  Diagnostic d = diagnostic(ErrorCode::E7001, "verification: {} comparisons fail (tolerance: cosine {}, euclidean {})",
                            failing, tolerance.cosine, tolerance.euclidean);
  if (opt_cause) {
    d.notes.emplace_back("cause", opt_cause->message);
    d.notes.insert(d.notes.end(), opt_cause->notes.begin(), opt_cause->notes.end());
  }
  return std::move(d).note("hint", "the output is not written; --tolerance COS,EUC changes what passes");
}

void verify(const CompileArgs& args, const Sample& sample, const CompiledNet& net, const CompileOptions& options,
            const Backend& backend, const std::optional<Diagnostic>& opt_cause, PhaseClock& clock) {
  const Tolerance tolerance = options.opt_tolerance.value_or(default_tolerance(options.precision));
  clock.start("run bmodel");
  const Verification v = verify_artifact(net.bytes, backend, sample.tensors, sample.reference, sample.lowered,
                                         tolerance, args.model.threads);
  clock.stop();
  write_or_print("", v.table);
  if (v.failing != 0) throw UserError(failed_verification(v.failing, tolerance, opt_cause));
}

// The network at one set of input shapes; nothing where --stop-after ended the passes: its graph is written instead.
std::optional<CompiledNet> compile_stage(const CompileArgs& args, ModelRequest request, const CompileOptions& options,
                                         const Backend& backend, bool with_sample, PhaseClock& clock) {
  if (with_sample)
    for (const auto& [name, tensor] : read_tensors(args.verify)) request.import.like.try_emplace(name, tensor);
  Prepared lowered = prepare_lowered(request, options, backend, clock);
  if (lowered.report.stopped) {
    save_module(lowered.module, args.output);
    return {};
  }
  for (const std::string& note : lowered.border_notes) log::note("note: {}", note);
  for (const std::string& note : lowered.precision_notes) log::note("note: {}", note);
  if (lowered.opt_range_loss) {
    if (with_sample) throw UserError(*lowered.opt_range_loss);
    log::note("{}", render(*lowered.opt_range_loss, "warning"));
  }
  if (lowered.opt_rounding_loss && !with_sample) log::note("{}", render(*lowered.opt_rounding_loss, "warning"));
  Sample sample;
  if (with_sample) sample = run_sample(args, request, options, main_graph(lowered.module), backend, clock);
  CompiledNet net = compile_lowered(lowered, options, backend, request.threads, clock);
  for (const Diagnostic& warning : net.warnings) log::note("{}", render(warning, "warning"));
  if (with_sample) verify(args, sample, net, options, backend, lowered.opt_rounding_loss, clock);
  log::verbose("{}", net.summary);
  return net;
}

// Which stage the sample of --verify fits.
std::vector<bool> stages_with_sample(const CompileArgs& args, const std::vector<ModelRequest>& requests) {
  std::vector<bool> fits(requests.size(), !args.verify.empty());
  if (args.verify.empty() || requests.size() == 1) return fits;
  const NamedTensors sample = read_tensors(args.verify);
  for (size_t i = 0; i < requests.size(); ++i)
    for (const auto& [name, dims] : requests[i].import.input_shapes)
      if (const auto found = sample.find(name); found == sample.end() || found->second.dims() != dims) fits[i] = false;
  if (std::find(fits.begin(), fits.end(), true) == fits.end())
    throw UserError(diagnostic(ErrorCode::E3011, "--verify `{}` has the shapes of none of the {} stages", args.verify,
                               requests.size()));
  return fits;
}

int run_compile(const CompileArgs& args) {
  CompileOptions options = to_options(args.lowering);
  if (!args.tolerance.empty()) options.opt_tolerance = parse_tolerance(args.tolerance);
  protect_inputs(args.output, args.model, {args.verify, args.lowering.calibration, args.lowering.precision_table});
  const std::vector<ModelRequest> requests = to_stage_requests(args.model);
  if (requests.size() > 1 && !options.stop_after.empty())
    throw UserError(
        diagnostic(ErrorCode::E2001, "--stop-after wants one shape, --input-shape names {}", requests.size()));
  const std::vector<bool> with_sample = stages_with_sample(args, requests);
  const auto backend = make_backend(options.chip);
  PhaseClock clock;
  std::vector<CompiledNet> stages;
  for (size_t i = 0; i < requests.size(); ++i) {
    CompileOptions own = options;
    if (requests.size() > 1 && !own.dump_dir.empty()) own.dump_dir += fmt::format("/stage-{}", i);
    std::optional<CompiledNet> net = compile_stage(args, requests[i], own, *backend, with_sample[i], clock);
    if (!net) return 0;
    stages.push_back(*std::move(net));
  }
  if (stages.size() > 1) stages.front().bytes = combine_stages(stages, *backend);
  clock.start("write");
  write_file(args.output, stages.front().bytes);
  clock.stop();
  if (!args.stats) return 0;
  std::string text = clock.table();
  for (const CompiledNet& net : stages) text += net.summary;
  write_or_print("", text);
  return 0;
}

}  // namespace

Run define_compile(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<CompileArgs>();
  add_model_args(app, args.model);
  app.add_option("-o,--output", args.output, "OUT.bmodel")->required();
  add_lower_args(app, args.lowering);
  app.add_option("--verify", args.verify, "IN.npz: run float graph, lowered graph and bmodel on it, compare all three");
  app.add_option("--tolerance", args.tolerance, "COS,EUC: for --verify (default by precision)");
  app.add_flag("--stats", args.stats, "where compile time and memory went");
  return [&args] { return run_compile(args); };
}

}  // namespace tpuc::cli
