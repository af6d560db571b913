// tpuc run: execute any level on the host.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

#include "cli/args.h"
#include "cli/command.h"
#include "driver/run.h"
#include "tpuc/support/check.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

struct RunArgs {
  ModelArgs model;
  std::string input, output, net, order = "tiu", engine = "sim", vendor_lib;
  int stage = -1;
  uint64_t seed = 1;
  bool raw = false, all_tensors = false;
};

EngineOrder parse_order(const std::string& text) {
  if (text == "tiu") return EngineOrder::Tiu;
  if (text == "gdma") return EngineOrder::Gdma;
  if (text == "alternate") return EngineOrder::Alternate;
  if (text == "random") return EngineOrder::Random;
  throw UserError(diagnostic(ErrorCode::E2001, "--order `{}` is not known", text)
                      .note("hint", "one of tiu, gdma, alternate, random"));
}

std::string vendor_lib(const RunArgs& args) {
  if (args.engine == "sim") return {};
  if (args.engine != "vendor")
    throw UserError(
        diagnostic(ErrorCode::E2001, "--engine `{}` is not known", args.engine).note("hint", "one of sim, vendor"));
  if (args.vendor_lib.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "--engine vendor wants --vendor-lib PATH")
                        .note("hint", "your own copy of the chip vendor's functional model, libcmodel_1684x.so"));
  return args.vendor_lib;
}

int run_run(const RunArgs& args) {
  RunRequest request;
  request.how.net = args.net;
  request.how.stage = args.stage;
  request.how.raw = args.raw;
  request.how.all_tensors = args.all_tensors;
  request.how.order = parse_order(args.order);
  request.how.seed = args.seed;
  request.how.vendor_lib = vendor_lib(args);
  protect_inputs(args.output, args.model, {args.input});
  request.model = to_request(args.model);
  request.input_path = args.input;
  request.seed = args.seed;
  const RunOutcome outcome = run_any(request);
  for (const Diagnostic& warning : outcome.warnings)
    if (log::is_on(log::Level::Normal)) log::write(log::Level::Normal, render(warning, "warning"));
  if (!args.output.empty()) {
    write_tensors(args.output, outcome.tensors);
    return 0;
  }
  std::string text;
  for (const auto& [name, tensor] : outcome.tensors) text += fmt::format("{}: {}\n", name, to_string(tensor.type));
  write_or_print("", text);
  return 0;
}

}  // namespace

Run define_run(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<RunArgs>();
  add_model_args(app, args.model);
  app.add_option("--input", args.input, "IN.npz (or a single .npy); random inputs when absent");
  app.add_option("--output", args.output, "OUT.npz");
  app.add_option("--seed", args.seed, "of random inputs and of --order random")->capture_default_str();
  app.add_flag("--all-tensors", args.all_tensors, "intermediate tensors too");
  app.add_flag("--raw", args.raw, "tensors as the network stores them, no conversion");
  app.add_option("--net", args.net, "of a bmodel with several");
  app.add_option("--stage", args.stage, "of a bmodel (default: the one whose shapes fit)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--engine", args.engine, "sim | vendor: who executes a bmodel")->capture_default_str();
  app.add_option("--vendor-lib", args.vendor_lib, "PATH of the chip vendor's functional model, for --engine vendor");
  app.add_option("--order", args.order, "tiu | gdma | alternate | random: which engine runs ahead where both may")
      ->capture_default_str();
  return [&args] { return run_run(args); };
}

}  // namespace tpuc::cli
