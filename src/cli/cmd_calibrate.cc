// tpuc calibrate: ranges of a network's tensors from samples, as a table for `tpuc compile --precision int8`.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/calibrate_samples.h"
#include "cli/command.h"
#include "cli/preprocess_args.h"
#include "driver/dataset.h"
#include "driver/pipeline.h"
#include "quant/calibrate.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

struct CalibrateArgs {
  ModelArgs model;
  DataArgs data;
  std::string output, method = "auto", format = "json";
  bool asymmetric = false;
};

int run_calibrate(const CalibrateArgs& args) {
  quant::parse_method(args.method);
  if (args.format != "json" && args.format != "text")
    throw UserError(
        diagnostic(ErrorCode::E2001, "--format `{}` is not known", args.format).note("hint", "one of json, text"));
  const Preprocess preprocess = to_preprocess(args.data);
  const Dataset data(args.data.data, args.data.samples);
  ModelRequest request = to_request(args.model);
  take_shapes_from_data(data, request);
  PhaseClock clock;
  Prepared prepared = prepare_float(request, {}, clock);
  const Graph& graph = main_graph(prepared.module);
  const SampleReader reader(data, inputs_of(graph), preprocess);
  if (const auto doubt = reader.doubt()) log::note("warning: {}", *doubt);
  quant::CalibrationRequest how;
  how.method = quant::parse_method(args.method);
  how.asymmetric = args.asymmetric;
  how.threads = args.model.threads;
  quant::Calibration result = calibrate_samples(graph, reader, how);
  for (const std::string& name : result.infinite)
    log::note("warning: tensor `{}` holds infinities: its range leaves them out", name);
  if (data.has_pictures()) result.table.preprocess = preprocess;
  write_text_file(args.output, args.format == "json" ? to_json(result.table) : to_peer_text(result.table));
  log::note("{}: ranges of {} tensors from {} samples", args.output, result.table.ranges.size(), reader.count());
  return 0;
}

}  // namespace

Run define_calibrate(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<CalibrateArgs>();
  add_model_args(app, args.model);
  add_data_args(app, args.data);
  app.add_option("-o,--output", args.output, "OUT.calib.json")->required();
  app.add_option("--method", args.method, "max | percentile | kl | mse | aciq | auto: the best of them for each tensor")
      ->capture_default_str();
  app.add_flag("--asymmetric", args.asymmetric, "choose ranges for asymmetric activations");
  app.add_option("--format", args.format, "json | text: tpuc's table, or tpu-mlir's")->capture_default_str();
  return [&args] { return run_calibrate(args); };
}

}  // namespace tpuc::cli
