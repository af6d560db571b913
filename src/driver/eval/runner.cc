// Opens a network once, by its content.
#include "driver/eval/runner.h"

#include "driver/pipeline.h"
#include "tpuc/support/check.h"

namespace tpuc::eval {

ModelRunner::ModelRunner(const ModelRequest& request, const ArtifactRun& how) : how_(how) {
  const ModelFormat format = format_of(request.source);
  how_.threads = request.threads;
  if (format == ModelFormat::Bmodel) {
    open_bmodel(request);
    return;
  }
  PhaseClock clock;
  // Graph text runs as it is written: it may be a lowered graph.
  module_ = format == ModelFormat::Tpuir ? load_model_graph(request) : prepare_float(request, {}, clock).module;
  const Graph& graph = main_graph(*module_);
  graph_ = &graph;
  inputs_ = as_seen(inputs_of(graph));
  outputs_ = as_seen(outputs_of(graph));
  ExecOptions options;
  options.threads = request.threads;
  executor_.emplace(graph, options);
}

void ModelRunner::open_bmodel(const ModelRequest& request) {
  file_.emplace(request.source.path);
  backend_ = make_bm1684x_backend();
  const std::vector<ArtifactNet> nets = backend_->nets(file_->bytes(), how_.raw);
  const ArtifactNet* opt_net = nullptr;
  for (const ArtifactNet& net : nets)
    if (how_.net.empty() ? nets.size() == 1 : net.name == how_.net) opt_net = &net;
  if (opt_net == nullptr)
    throw UserError(diagnostic(ErrorCode::E2001, "the bmodel holds {} nets: choose one with --net", nets.size()));
  if (how_.stage < 0) how_.stage = 0;
  if (static_cast<size_t>(how_.stage) >= opt_net->stages.size())
    throw UserError(diagnostic(ErrorCode::E2001, "--stage {}: net `{}` has {} stages", how_.stage, opt_net->name,
                               opt_net->stages.size()));
  how_.net = opt_net->name;
  inputs_ = opt_net->stages[static_cast<size_t>(how_.stage)].inputs;
  outputs_ = opt_net->stages[static_cast<size_t>(how_.stage)].outputs;
}

NamedTensors ModelRunner::run(const NamedTensors& inputs) {
  if (executor_) return results_of(*graph_, executor_->run(feed(inputs_of(*graph_), inputs, how_.raw)), how_.raw);
  return backend_->run(file_->bytes(), inputs, how_).tensors;
}

}  // namespace tpuc::eval
