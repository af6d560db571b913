// A command of the command line: a name, a sentence, and a function that declares its options. The table is
// commands.cc.
#pragma once

#include <any>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace tpuc::cli {

using Run = std::function<int()>;  // answers the exit code; throws UserError

struct Command {
  std::string_view name, summary;
  // Declares the options on `app`, with their values in `storage`, which outlives the run.
  Run (*define)(CLI::App& app, std::any& storage);
};
std::span<const Command> commands();

// The whole program: parses, runs, prints failures on stderr. `args` without the program's name.
int run_cli(const std::vector<std::string>& args);

Run define_compile(CLI::App& app, std::any& storage);
Run define_check(CLI::App& app, std::any& storage);
Run define_import(CLI::App& app, std::any& storage);
Run define_opt(CLI::App& app, std::any& storage);
Run define_run(CLI::App& app, std::any& storage);
Run define_compare(CLI::App& app, std::any& storage);
Run define_info(CLI::App& app, std::any& storage);
Run define_dis(CLI::App& app, std::any& storage);
Run define_profile(CLI::App& app, std::any& storage);
Run define_extract(CLI::App& app, std::any& storage);
Run define_combine(CLI::App& app, std::any& storage);
Run define_ops(CLI::App& app, std::any& storage);
Run define_passes(CLI::App& app, std::any& storage);
Run define_rules(CLI::App& app, std::any& storage);
Run define_isa(CLI::App& app, std::any& storage);
Run define_explain(CLI::App& app, std::any& storage);
Run define_calibrate(CLI::App& app, std::any& storage);
Run define_eval(CLI::App& app, std::any& storage);
Run define_quantize(CLI::App& app, std::any& storage);

}  // namespace tpuc::cli
