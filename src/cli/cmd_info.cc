// tpuc info, dis, profile: what a file holds, its instructions, and the time they take.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "driver/graph_info.h"
#include "driver/pipeline.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc::cli {
namespace {

struct InfoArgs {
  ModelArgs model;
  bool json = false;
};
struct BmodelArgs {
  std::string path, html, trace;
  bool json = false;
};

int run_info(const InfoArgs& args) {
  const ModelRequest request = to_request(args.model);
  if (format_of(request.source) == ModelFormat::Bmodel) {
    const MappedFile file(args.model.path);
    write_or_print("", make_bm1684x_backend()->info(file.bytes(), args.json));
    return 0;
  }
  const Module module = load_model_graph(request);
  std::vector<GraphInfo> infos;
  for (const Net& net : module.nets)
    for (const auto& stage : net.stages) infos.push_back(collect_info(*stage));
  std::string text;
  for (const GraphInfo& info : infos) text += to_text(info);
  write_or_print("", args.json ? to_json(infos) : text);
  return 0;
}

}  // namespace

Run define_info(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<InfoArgs>();
  add_model_args(app, args.model);
  app.add_flag("--json", args.json, "as JSON");
  return [&args] { return run_info(args); };
}

Run define_dis(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<BmodelArgs>();
  app.add_option("BMODEL", args.path, "a bmodel, also of another compiler")->required();
  return [&args] {
    const MappedFile file = open_bmodel(args.path);
    write_or_print("", make_bm1684x_backend()->disassemble(file.bytes()));
    return 0;
  };
}

Run define_profile(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<BmodelArgs>();
  app.add_option("BMODEL", args.path, "a bmodel, also of another compiler")->required();
  app.add_flag("--json", args.json, "as JSON");
  app.add_option("--html", args.html, "not yet: OUT.html");
  app.add_option("--trace", args.trace, "not yet: OUT.json, Chrome trace");
  return [&args] {
    if (!args.html.empty()) not_yet("--html");
    if (!args.trace.empty()) not_yet("--trace");
    const MappedFile file = open_bmodel(args.path);
    write_or_print("", make_bm1684x_backend()->profile(file.bytes(), args.json));
    return 0;
  };
}

}  // namespace tpuc::cli
