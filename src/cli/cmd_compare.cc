// tpuc compare: how far the tensors of one .npz are from those of another.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "driver/options.h"
#include "driver/report.h"
#include "tpuc/support/check.h"

namespace tpuc::cli {
namespace {

struct CompareArgs {
  std::string got, want, tolerance = "0.99,0.90";
};

int run_compare(const CompareArgs& args) {
  const Tolerance tolerance = parse_tolerance(args.tolerance);
  std::vector<std::string> only_got;
  const NamedTensors got = read_tensors(args.got), want = read_tensors(args.want);
  const std::vector<Comparison> rows = compare_all(got, want, &only_got);
  std::string text = to_text(rows, tolerance);
  for (const std::string& name : only_got) text += fmt::format("{}: only in {}\n", name, args.got);
  write_or_print("", text);
  const size_t failing = count_failing(rows, tolerance);
  if (failing != 0)
    throw UserError(diagnostic(ErrorCode::E7001, "{} of {} tensors fail (tolerance: cosine {}, euclidean {})", failing,
                               rows.size(), tolerance.cosine, tolerance.euclidean));
  return 0;
}

}  // namespace

Run define_compare(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<CompareArgs>();
  app.add_option("GOT", args.got, "GOT.npz")->required();
  app.add_option("WANT", args.want, "WANT.npz")->required();
  app.add_option("--tolerance", args.tolerance, "COS,EUC: the least that passes")->capture_default_str();
  return [&args] { return run_compare(args); };
}

}  // namespace tpuc::cli
