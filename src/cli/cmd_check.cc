// tpuc check: what is supported, without compiling.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "driver/check.h"
#include "driver/pipeline.h"
#include "tpuc/support/check.h"

namespace tpuc::cli {
namespace {

struct CheckArgs {
  ModelArgs model;
  std::string chip = "bm1684x", precision_table;
  bool problems = false;
};

int run_check(const CheckArgs& args) {
  const CheckReport report =
      check_model(to_request(args.model),
                  args.precision_table.empty() ? PrecisionTable{} : read_precision_table(args.precision_table),
                  *make_backend(args.chip));
  write_or_print("", to_text(report, args.problems));
  std::vector<Diagnostic> errors = report.problems;
  const bool imports = errors.empty();  // otherwise a refused node has its problem already
  for (const NodeReport& node : report.nodes)
    if (imports && !node.supported)
      errors.push_back(diagnostic(ErrorCode::E4002, "node '{}' ({}): {}", node.name, node.op, node.note));
  if (!errors.empty()) throw UserError(std::move(errors));
  return 0;
}

}  // namespace

Run define_check(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<CheckArgs>();
  add_model_args(app, args.model);
  app.add_option("--chip", args.chip, "the chip")->capture_default_str();
  app.add_option("--precision-table", args.precision_table,
                 "FILE.json: precision of single layers, by tensor or node name");
  app.add_flag("--problems", args.problems, "print refused nodes only");
  return [&args] { return run_check(args); };
}

}  // namespace tpuc::cli
