// The table of commands, and the program around it: parsing, "did you mean", failures to stderr, exit codes.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <deque>

#include "cli/args.h"
#include "cli/command.h"
#include "driver/guard.h"
#include "tpuc/support/check.h"
#include "tpuc/support/log.h"
#include "tpuc/support/suggest.h"
#include "tpuc/version.h"

namespace tpuc::cli {
namespace {

constexpr Command kCommands[] = {
    {"compile", "compile a model into a bmodel", define_compile},
    {"check", "say which nodes of a model are supported, without compiling", define_check},
    {"import", "front end and graph optimisation only: a model becomes graph text", define_import},
    {"opt", "run named rules or passes on a graph", define_opt},
    {"calibrate", "find the ranges of a network's tensors from samples, for int8", define_calibrate},
    {"quantize", "find the fastest mixed-precision table inside an accuracy budget", define_quantize},
    {"run", "execute a model, graph or bmodel on the host", define_run},
    {"eval", "tell what a model is worth on labelled samples", define_eval},
    {"compare", "compare the tensors of two .npz files", define_compare},
    {"info", "say what a graph or bmodel holds", define_info},
    {"dis", "disassemble the instructions of a bmodel", define_dis},
    {"profile", "predict the time of a bmodel, per layer and engine", define_profile},
    {"extract", "take nets or stages out of a bmodel", define_extract},
    {"combine", "put several bmodels into one", define_combine},
    {"ops", "list the operators", define_ops},
    {"passes", "list the passes", define_passes},
    {"rules", "list the rewrite rules", define_rules},
    {"isa", "list the chip's instructions, or replay golden vectors", define_isa},
    {"explain", "explain an error code", define_explain},
};

// The messages about names nobody knows: better than the parser's own, which knows no near names.
[[noreturn]] void unknown_argument(const CLI::App& root, const CLI::App* opt_sub, const std::string& argument) {
  std::vector<std::string> names;
  const bool is_option = argument.starts_with("-") && argument.size() > 1;
  const std::string name = argument.substr(0, argument.find('='));
  const CLI::App& app = opt_sub != nullptr ? *opt_sub : root;
  if (is_option) {
    for (const CLI::Option* option : app.get_options())
      for (const std::string& long_name : option->get_lnames()) names.push_back("--" + long_name);
  } else if (opt_sub == nullptr) {
    for (const Command& command : kCommands) names.emplace_back(command.name);
  }
  const std::string near = nearest_name(name, names);
  const std::string where = opt_sub != nullptr ? "tpuc " + opt_sub->get_name() : "tpuc";
  Diagnostic d = is_option ? diagnostic(ErrorCode::E2001, "{} has no option `{}`", where, name)
                 : opt_sub != nullptr
                     ? diagnostic(ErrorCode::E2001, "{}: argument `{}` was not expected", where, argument)
                     : diagnostic(ErrorCode::E2001, "there is no command `{}`", argument);
  const std::string hint =
      near.empty() ? fmt::format("`{} --help` lists what there is", where) : fmt::format("did you mean `{}`?", near);
  throw UserError(std::move(d).note("hint", hint));
}

// What the parser refused, as our own error.
[[noreturn]] void refuse(const CLI::App& root, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = root.get_subcommands();
  const CLI::App* sub = chosen.empty() ? nullptr : chosen.front();
  std::vector<std::string> left = sub != nullptr ? sub->remaining() : root.remaining();
  for (const std::string& argument : left)
    if (argument.starts_with("-") && argument.size() > 1) unknown_argument(root, sub, argument);
  if (!left.empty()) unknown_argument(root, sub, left.front());
  if (sub == nullptr)
    throw UserError(
        diagnostic(ErrorCode::E2001, "no command is given").note("hint", "`tpuc --help` lists the commands"));
  std::string text = error.what();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  throw UserError(diagnostic(ErrorCode::E2001, "tpuc {}: {}", sub->get_name(), text)
                      .note("hint", fmt::format("`tpuc {} --help` lists the options", sub->get_name())));
}

// The options that every command takes, and that may stand before the command too.
void add_log_args(CLI::App& app, int& verbosity, bool& quiet) {
  app.add_flag("-v,--verbose", verbosity, "say more; twice: say much more");
  app.add_flag("-q,--quiet", quiet, "print errors only");
}

int parse_and_run(std::vector<std::string> args) {
  CLI::App root("tpuc: a compiler for the BM1684X. `tpuc COMMAND --help` tells about a command.", "tpuc");
  root.set_version_flag("--version", std::string(kVersion), "print the version");
  root.set_help_all_flag("--help-all", "print the help of every command");
  root.require_subcommand(1);
  int verbosity = 0;
  bool quiet = false;
  add_log_args(root, verbosity, quiet);
  std::deque<std::any> storage;
  std::vector<std::pair<CLI::App*, Run>> runs;
  for (const Command& command : kCommands) {
    CLI::App* sub = root.add_subcommand(std::string(command.name), std::string(command.summary));
    add_log_args(*sub, verbosity, quiet);
    runs.emplace_back(sub, command.define(*sub, storage.emplace_back()));
  }
  try {
    std::reverse(args.begin(), args.end());  // the parser takes them from the back
    root.parse(args);
  } catch (const CLI::Success& e) {  // --help, --version: printed on stdout
    return root.exit(e);
  } catch (const CLI::ParseError& e) {
    refuse(root, e);
  }
  log::set_level(quiet            ? log::Level::Quiet
                 : verbosity == 0 ? log::Level::Normal
                 : verbosity == 1 ? log::Level::Verbose
                                  : log::Level::Debug);
  for (const auto& [sub, run] : runs)
    if (sub->parsed()) return run();
  return 0;
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

int run_cli(const std::vector<std::string>& args) {
  int code = 0;
  const std::optional<Failure> failure = catch_failures([&] { code = parse_and_run(args); });
  std::fflush(stdout);
  if (!failure) return code;
  for (const Diagnostic& d : failure->diagnostics) fmt::print(stderr, "{}\n", render(d));
  return exit_code_of(*failure);
}

}  // namespace tpuc::cli
