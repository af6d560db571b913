// tpuc quantize: the search for the fastest mixed-precision table inside an accuracy budget.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>

#include "cli/args.h"
#include "cli/calibrate_samples.h"
#include "cli/command.h"
#include "cli/preprocess_args.h"
#include "cli/progress.h"
#include "driver/balance.h"
#include "driver/dataset.h"
#include "driver/metric_budget.h"
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
  std::string task, labels, decoder;  // of --budget metric
  int64_t class_offset = 0;
  bool asymmetric = false;
};

struct Budget {
  bool is_metric = false;
  double value = 0;
};

Budget parse_budget(const std::string& text) {
  const size_t at = text.find('=');
  const std::string kind = text.substr(0, at);
  const char* number = at == std::string::npos ? "" : text.c_str() + at + 1;
  char* end = nullptr;
  const Budget budget{kind == "metric", std::strtod(number, &end)};
  const bool is_number = end != number && *end == '\0';
  const bool fits = budget.is_metric ? budget.value >= 0 && budget.value < 1e6 : budget.value > 0 && budget.value <= 1;
  if (!is_number || !fits || (!budget.is_metric && kind != "cos"))
    throw UserError(diagnostic(ErrorCode::E2001, "--budget `{}` is no budget", text)
                        .note("hint", "cos=0.99: least cosine of every output to the float network's")
                        .note("hint", "metric=0.01: what the task's figure may lose (--task)"));
  return budget;
}

eval::EvalRequest to_eval_request(const QuantizeArgs& args, const ModelRequest& model, const Preprocess& preprocess) {
  if (args.task.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "--budget metric wants --task")
                        .note("hint", "classification, detection (with --decoder), image or cosine"));
  eval::EvalRequest request;
  request.task = eval::parse_task(args.task);
  if (request.task == eval::Task::Detection && args.decoder.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "--task detection wants --decoder NAME"));
  request.model = model;
  request.data = args.data.data;
  request.most_samples = args.data.samples;
  request.preprocess = preprocess;
  request.labels = args.labels;
  request.decoder = args.decoder;
  request.class_offset = args.class_offset;
  return request;
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
  const Budget budget = parse_budget(args.budget);
  search.cosine = budget.is_metric ? 0 : budget.value;
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
  if (budget.is_metric) {
    search.accepts = metric_budget(to_eval_request(args, request, preprocess), budget.value);
    search.accepts_what = fmt::format("{} {} {} {} {} {} {}", args.data.data, args.data.samples, args.budget, args.task,
                                      args.labels, args.decoder, args.class_offset);
  }
  search.journal = args.output + ".search";
  search.samples = trial_samples(reader, kTrialSamples);
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
  std::filesystem::remove(search.journal);
  return 0;
}

}  // namespace

Run define_quantize(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<QuantizeArgs>();
  add_model_args(app, args.model);
  add_data_args(app, args.data);
  app.add_option("--chip", args.chip, "the chip")->capture_default_str();
  app.add_option(
         "--budget", args.budget,
         "cos=C: least cosine of every output to the float network's; metric=M: what the figure of --task may lose")
      ->capture_default_str();
  app.add_option("--task", args.task, "of --budget metric: classification | detection | image | cosine");
  app.add_option("--labels", args.labels, "the truth, as for `tpuc eval` (default: what the float network says)");
  app.add_option("--decoder", args.decoder, "of a detector, as for `tpuc eval`");
  app.add_option("--class-offset", args.class_offset, "class of the network minus class of the labels");
  app.add_option("--calibration", args.calibration, "FILE.calib.json (default: calibrate with --data)");
  app.add_flag("--asymmetric", args.asymmetric, "asymmetric activations: zero points other than 0");
  app.add_option("-o,--output", args.output,
                 "TABLE.json, for compile --precision int8 --precision-table; TABLE.qtable: as tpu-mlir writes it")
      ->required();
  return [&args] { return run_quantize(args); };
}

}  // namespace tpuc::cli
