// tpuc ops, passes, rules, isa, explain: everything printed from registries.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "driver/listing.h"

namespace tpuc::cli {
namespace {

struct OpsArgs {
  bool markdown = false, onnx = false;
};
struct IsaArgs {
  std::string vectors;
};
struct ExplainArgs {
  std::string code;
};

int run_isa(const IsaArgs& args) {
  const auto backend = make_bm1684x_backend();
  if (args.vectors.empty()) {
    write_or_print("", backend->isa());
    return 0;
  }
  const Backend::Replay replay = backend->replay_vectors(args.vectors);
  write_or_print("", replay.report);
  return replay.failed == 0 ? 0 : 1;
}

}  // namespace

Run define_ops(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<OpsArgs>();
  app.add_flag("--markdown", args.markdown, "the support matrix as a Markdown table");
  app.add_flag("--onnx", args.onnx, "the ONNX coverage table");
  return [&args] {
    const auto backend = make_bm1684x_backend();
    write_or_print("", args.onnx ? list_onnx_coverage() : args.markdown ? list_ops_markdown(*backend) : list_ops());
    return 0;
  };
}

Run define_passes(CLI::App&, std::any&) {
  return [] {
    write_or_print("", list_passes());
    return 0;
  };
}

Run define_rules(CLI::App&, std::any&) {
  return [] {
    write_or_print("", list_rules());
    return 0;
  };
}

Run define_isa(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<IsaArgs>();
  app.add_option("--vectors", args.vectors, "DIR: replay every .npz of golden vectors there; exit 1 on any failure");
  return [&args] { return run_isa(args); };
}

Run define_explain(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<ExplainArgs>();
  app.add_option("CODE", args.code, "an error code such as E1204")->required();
  return [&args] {
    write_or_print("", explain_error(args.code));
    return 0;
  };
}

}  // namespace tpuc::cli
