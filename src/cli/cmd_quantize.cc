// tpuc quantize: the search for the fastest mixed-precision table inside an accuracy budget.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/calibrate_samples.h"
#include "cli/command.h"
#include "cli/preprocess_args.h"
#include "cli/progress.h"
#include "driver/balance.h"
#include "driver/dataset.h"
#include "driver/search.h"
#include "quant/calibrate.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

constexpr size_t kTrialSamples = 8;  // of --data: each trial runs them all

struct QuantizeArgs {
  ModelArgs model;
  DataArgs data;
  std::string output, budget = "cos=0.99", calibration, chip = "bm1684x";
  bool asymmetric = false;
};

double parse_budget(const std::string& text) {
  const UserError bad(diagnostic(ErrorCode::E2001, "--budget `{}` is no budget", text)
                          .note("hint", "cos=0.99: least cosine of every output to the float network's"));
  if (text.rfind("metric=", 0) == 0)
    throw UserError(diagnostic(ErrorCode::E2002, "--budget metric: not yet").note("hint", "cos=0.99 is there"));
  if (text.rfind("cos=", 0) != 0) throw bad;
  char* end = nullptr;
  const double value = std::strtod(text.c_str() + 4, &end);
  if (end == text.c_str() + 4 || *end != '\0' || !(value > 0 && value <= 1)) throw bad;
  return value;
}

// The table given, or one made of the same data.
CalibrationTable calibration_of(const QuantizeArgs& args, const Graph& graph, const SampleReader& reader) {
  if (!args.calibration.empty()) return read_calibration_table(args.calibration);
  quant::CalibrationRequest how;
  how.asymmetric = args.asymmetric;
  how.threads = args.model.threads;
  return calibrate_samples(graph, reader, how).table;
}

int run_quantize(const QuantizeArgs& args) {
  SearchRequest search;
  search.cosine = parse_budget(args.budget);
  search.threads = args.model.threads;
  search.options.asymmetric = args.asymmetric;
  const auto backend = make_backend(args.chip);
  protect_inputs(args.output, args.model, {args.calibration});
  const Preprocess preprocess = to_preprocess(args.data);
  const Dataset data(args.data.data, args.data.samples);
  ModelRequest request = to_request(args.model);
  take_shapes_from_data(data, request);
  PhaseClock clock;
  Prepared prepared = prepare_float(request, {}, clock);
  const Graph& graph = *prepared.module.nets.front().stages.front();
  const SampleReader reader(data, inputs_of(graph), preprocess);
  if (const auto doubt = reader.doubt()) log::note("warning: {}", *doubt);
  const CalibrationTable table = calibration_of(args, graph, reader);
  if (!args.calibration.empty()) apply_channel_scales(prepared.module, table);
  search.calibration = &table;
  const size_t count = std::min(kTrialSamples, reader.count());
  for (size_t i = 0; i < count; ++i) search.samples.push_back(reader.read(i * reader.count() / count).tensors);
  SearchResult result;
  {
    std::optional<Progress> progress;
    search.on_trials = [&](size_t done, size_t total) {
      if (!progress) progress.emplace("searching", total);
      progress->show(done);
    };
    result = search_precision(prepared.module, search, *backend);
  }
  write_or_print("", render(result));
  write_text_file(args.output, args.output.ends_with("qtable") ? to_peer_text(result.table) : to_json(result.table));
  return 0;
}

}  // namespace

Run define_quantize(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<QuantizeArgs>();
  add_model_args(app, args.model);
  add_data_args(app, args.data);
  app.add_option("--chip", args.chip, "the chip")->capture_default_str();
  app.add_option("--budget", args.budget, "cos=C: least cosine of every output to the float network's")
      ->capture_default_str();
  app.add_option("--calibration", args.calibration, "FILE.calib.json (default: calibrate with --data)");
  app.add_flag("--asymmetric", args.asymmetric, "asymmetric activations: zero points other than 0");
  app.add_option("-o,--output", args.output,
                 "TABLE.json, for compile --precision int8 --precision-table; TABLE.qtable: as tpu-mlir writes it")
      ->required();
  return [&args] { return run_quantize(args); };
}

}  // namespace tpuc::cli
