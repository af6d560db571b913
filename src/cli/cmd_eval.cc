// tpuc eval: what a network is worth on labelled samples, or against another level of the same network.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/preprocess_args.h"
#include "cli/progress.h"
#include "driver/eval/boxes.h"
#include "driver/eval/evaluate.h"
#include "tpuc/support/check.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

struct EvalArgs {
  ModelArgs model;
  DataArgs data;
  std::string task, labels, reference, decoder, calibration, net;
  int64_t class_offset = 0;
  int stage = -1;
};

std::string decoder_names() {
  std::string out;
  for (const eval::Decoder& d : eval::decoders()) out += fmt::format("{}{}", out.empty() ? "" : " | ", d.name);
  return out;
}

eval::EvalRequest to_eval_request(const EvalArgs& args) {
  eval::EvalRequest request;
  request.task = eval::parse_task(args.task);
  if (request.task == eval::Task::Detection && args.decoder.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "--task detection wants --decoder NAME")
                        .note("hint", "one of " + decoder_names()));
  request.preprocess = to_preprocess(args.data);
  if (!args.calibration.empty()) {
    if (args.data.has_preprocess)
      throw UserError(
          diagnostic(ErrorCode::E2001, "--calibration states the preprocessing: no option may state it again"));
    request.preprocess = read_calibration_table(args.calibration).preprocess.value_or(Preprocess{});
  }
  request.model = to_request(args.model);
  if (!args.reference.empty()) {
    request.reference = request.model;
    request.reference->source.path = args.reference;
  }
  request.how.net = args.net;
  request.how.stage = args.stage;
  request.data = args.data.data;
  request.most_samples = args.data.samples;
  request.labels = args.labels;
  request.class_offset = args.class_offset;
  request.decoder = args.decoder;
  return request;
}

int run_eval(const EvalArgs& args) {
  eval::EvalRequest request = to_eval_request(args);
  eval::EvalResult result;
  {
    std::optional<Progress> progress;
    request.on_samples = [&](size_t done, size_t total) {
      if (!progress) progress.emplace("evaluating", total);
      progress->show(done);
    };
    result = eval::evaluate(request);
  }
  if (result.doubt) log::note("warning: {}", *result.doubt);
  std::string text;
  for (const eval::Figure& f : result.figures)
    text += fmt::format("{}{} {:.4f}", text.empty() ? "" : ", ", f.name, f.value);
  write_or_print("", fmt::format("{}; {} samples\n", text, result.samples));
  return 0;
}

}  // namespace

Run define_eval(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<EvalArgs>();
  add_model_args(app, args.model);
  add_data_args(app, args.data);
  app.add_option("--task", args.task, "classification | detection | image | cosine")->required();
  app.add_option(
      "--labels", args.labels,
      "FILE of the truth: lines NAME CLASS (classification), NAME CLASS LEFT TOP RIGHT BOTTOM (detection); for "
      "image and cosine samples of the outputs, given as --data is");
  app.add_option("--reference", args.reference, "MODEL whose results are the truth, instead of --labels");
  app.add_option("--decoder", args.decoder, "of a detector: " + decoder_names());
  app.add_option("--class-offset", args.class_offset, "class of the network minus class of the labels")
      ->capture_default_str();
  app.add_option("--calibration", args.calibration, "FILE.calib.json: take the preprocessing of its pictures");
  app.add_option("--net", args.net, "of a bmodel with several");
  app.add_option("--stage", args.stage, "of a bmodel (default: the first)")->check(CLI::NonNegativeNumber);
  return [&args] { return run_eval(args); };
}

}  // namespace tpuc::cli
