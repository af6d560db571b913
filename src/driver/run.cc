// Chooses who executes, and sees to the inputs.
#include "driver/run.h"

#include "driver/chip_arithmetic.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"
#include "tpuc/support/npz.h"

namespace tpuc {
namespace {

// An .npz tells names, so it can stand as a sample for the import; a .npy fits whatever single input there is.
void read_npz_inputs(RunRequest& request) {
  if (request.given || request.input_path.empty()) return;
  bool named = false;
  {
    const MappedFile file(request.input_path);
    named = !is_npy(file.bytes());
  }
  if (named) request.given = read_tensors(request.input_path);
}

NamedTensors choose_inputs(const RunRequest& request, const std::vector<ArtifactTensor>& wanted) {
  if (request.given) return feed(wanted, *request.given, request.how.raw);
  if (request.input_path.empty()) return random_inputs(wanted, request.seed);
  return feed(wanted, read_inputs(request.input_path, wanted), request.how.raw);
}

bool same_shapes(const ArtifactStage& stage, const NamedTensors& given) {
  for (const auto& [name, type] : stage.inputs) {
    const auto found = given.find(name);
    if (found == given.end() || found->second.dims() != type.dims) return false;
  }
  return true;
}

std::string shapes_of(const ArtifactStage& stage) {
  std::string out;
  for (const auto& [name, type] : stage.inputs)
    out += fmt::format("{}`{}` {}", out.empty() ? "" : ", ", name, to_string(type));
  return out;
}

// The stage that was asked for, else the one whose shapes the tensors have.
size_t choose_stage(const ArtifactNet& net, int wanted, const std::optional<NamedTensors>& given) {
  if (wanted >= static_cast<int>(net.stages.size()))
    throw UserError(
        diagnostic(ErrorCode::E2001, "--stage {}: net `{}` has {} stages", wanted, net.name, net.stages.size()));
  if (wanted >= 0) return static_cast<size_t>(wanted);
  if (net.stages.size() == 1 || !given) return 0;
  for (size_t i = 0; i < net.stages.size(); ++i)
    if (same_shapes(net.stages[i], *given)) return i;
  Diagnostic d = diagnostic(ErrorCode::E3011, "no stage of net `{}` has the shapes of the tensors given", net.name);
  for (size_t i = 0; i < net.stages.size(); ++i)
    d.notes.emplace_back(fmt::format("stage {}", i), shapes_of(net.stages[i]));
  throw UserError(std::move(d));
}

std::string names_of(const std::vector<ArtifactNet>& nets) {
  std::string out;
  for (const ArtifactNet& item : nets) out += (out.empty() ? "`" : ", `") + item.name + "`";
  return out;
}

const ArtifactNet& choose_net(const std::vector<ArtifactNet>& nets, const std::string& name) {
  if (nets.empty()) throw UserError(diagnostic(ErrorCode::E3012, "the bmodel holds no net"));
  if (name.empty() && nets.size() == 1) return nets.front();
  for (const ArtifactNet& net : nets)
    if (net.name == name) return net;
  const std::string hint = "its nets are " + names_of(nets);
  if (name.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "the bmodel holds {} nets: choose one with --net", nets.size())
                        .note("hint", hint));
  throw UserError(diagnostic(ErrorCode::E2001, "--net: the bmodel has no net `{}`", name).note("hint", hint));
}

RunOutcome run_bmodel(const RunRequest& request, std::span<const std::byte> bytes) {
  const auto backend = make_bm1684x_backend();
  const std::vector<ArtifactNet> nets = backend->nets(bytes, request.how.raw);
  const ArtifactNet& net = choose_net(nets, request.how.net);
  ArtifactRun how = request.how;
  how.net = net.name;
  how.threads = request.model.threads;
  const size_t index = choose_stage(net, how.stage, request.given);
  how.stage = static_cast<int>(index);
  const ArtifactStage& stage = net.stages[index];
  return backend->run(bytes, choose_inputs(request, stage.inputs), how);
}

RunOutcome run_graph(RunRequest& request) {
  ModelRequest& model = request.model;
  if (request.given)
    for (const auto& [name, tensor] : *request.given) model.import.like.try_emplace(name, tensor);
  PhaseClock clock;
  // Graph text runs as it is written; a foreign model is optimised first, which makes it faster.
  Module module =
      format_of(model.source) == ModelFormat::Tpuir ? load_model_graph(model) : prepare_float(model, {}, clock).module;
  const Graph& graph = main_graph(module);
  RunOutcome out;
  out.tensors = results_of(
      graph, execute(graph, choose_inputs(request, inputs_of(graph)), request.how.all_tensors, model.threads),
      request.how.raw);
  return out;
}

}  // namespace

NamedTensors execute(const Graph& graph, const NamedTensors& inputs, bool all_tensors, unsigned threads) {
  NamedTensors intermediate;
  ExecOptions options;
  options.threads = threads;
  const auto backend = make_bm1684x_backend();
  take_chip_arithmetic_of_halves(graph, *backend, options);
  if (all_tensors)
    options.hook = [&](const Value& v, const Tensor& t) {
      if (v.def != nullptr) intermediate.emplace(v.name, t);
    };
  NamedTensors out = Executor(graph, options).run(inputs);
  out.merge(intermediate);
  return out;
}

RunOutcome run_any(const RunRequest& request) {
  RunRequest own = request;
  read_npz_inputs(own);
  const ModelFormat format = format_of(own.model.source);
  if (format != ModelFormat::Bmodel) return run_graph(own);
  if (own.model.source.path.empty()) return run_bmodel(own, own.model.source.bytes);
  const MappedFile file(own.model.source.path);
  return run_bmodel(own, file.bytes());
}

}  // namespace tpuc
