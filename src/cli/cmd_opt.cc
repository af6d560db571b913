// tpuc import and tpuc opt: models to graph text, and graph text through named rules and passes.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/lower_args.h"
#include "tpuc/ir/text.h"
#include "tpuc/support/check.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

struct ImportArgs {
  ModelArgs model;
  LowerArgs lowering;
  std::string output;
  bool lower = false, stats = false;
};
struct OptArgs {
  ModelArgs model;
  std::vector<std::string> rules, passes, disabled_rules, disabled_passes;
  std::string explain, output, dump_dir, dump_after;
};

int run_import(const ImportArgs& args) {
  protect_inputs(args.output, args.model);
  const CompileOptions options = to_options(args.lowering);
  const ModelRequest request = to_request(args.model);
  PhaseClock clock;
  const Prepared prepared = args.lower ? prepare_lowered(request, options, *make_backend(options.chip), clock)
                                       : prepare_float(request, options, clock);
  for (const std::string& note : prepared.precision_notes) log::note("note: {}", note);
  if (prepared.opt_range_loss) log::note("{}", render(*prepared.opt_range_loss, "warning"));
  clock.start("write");
  save_module(prepared.module, args.output);
  clock.stop();
  if (args.stats) write_or_print("", clock.table());
  return 0;
}

int run_opt(const OptArgs& args) {
  std::vector<std::string> rules = split_list(args.rules);
  const std::vector<std::string> passes = split_list(args.passes);
  if (rules.empty() && passes.empty() && args.explain.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "tpuc opt: nothing to run")
                        .note("hint", "--rules A,B or --passes C,D; `tpuc rules` and `tpuc passes` list them"));
  if (!args.explain.empty() && std::find(rules.begin(), rules.end(), args.explain) == rules.end())
    rules.push_back(args.explain);
  Module module = load_model_graph(to_request(args.model));
  std::string near_misses;
  RewriteOptions rewrite;
  if (!args.explain.empty())
    rewrite.explain = [&](const NearMiss& miss) {
      if (miss.rule == args.explain) near_misses += fmt::format("{} at {}: {}\n", miss.rule, miss.at, miss.why);
    };
  if (!rules.empty())
    for (const Net& net : module.nets)
      for (const auto& stage : net.stages) apply_rules(*stage, rules, rewrite);
  PassOptions options;
  options.dump_dir = args.dump_dir;
  options.dump_after = args.dump_after;
  options.disabled_rules = split_list(args.disabled_rules);
  options.disabled_passes = split_list(args.disabled_passes);
  if (!passes.empty()) run_passes(module, passes, options);
  if (!args.output.empty()) save_module(module, args.output);
  if (!args.explain.empty())
    write_or_print("", near_misses.empty() ? fmt::format("{}: no near miss\n", args.explain) : near_misses);
  else if (args.output.empty())
    write_or_print("", print(module));
  return 0;
}

}  // namespace

Run define_import(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<ImportArgs>();
  add_model_args(app, args.model);
  add_lower_args(app, args.lowering);
  app.add_option("-o,--output", args.output, "OUT.tpuir; large weights go into OUT.npz beside it")->required();
  app.add_flag("--lower", args.lower, "go on to the lowered graph, with compile's options");
  app.add_flag("--stats", args.stats, "where time and memory went");
  return [&args] { return run_import(args); };
}

Run define_opt(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<OptArgs>();
  add_model_args(app, args.model);
  app.add_option("--rules", args.rules, "A,B: rewrite rules, run together as one set; before --passes");
  app.add_option("--passes", args.passes, "C,D: passes, in this order");
  app.add_option("--explain", args.explain, "RULE: run it and print every near miss");
  app.add_option("--disable-rule", args.disabled_rules, "leave this rewrite rule out of the passes (repeatable)");
  app.add_option("--disable-pass", args.disabled_passes, "leave this pass out (repeatable)");
  app.add_option("--dump", args.dump_dir, "DIR: graph text and JSON after every pass");
  app.add_option("--dump-after", args.dump_after, "REGEX: dump after these passes only");
  app.add_option("-o,--output", args.output, "OUT.tpuir (default: standard output)");
  return [&args] { return run_opt(args); };
}

}  // namespace tpuc::cli
