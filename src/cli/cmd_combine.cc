// tpuc extract, combine: nets and stages taken out of bmodels, and bmodels put together.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"
#include "tpuc/backend/backend.h"
#include "tpuc/support/check.h"

namespace tpuc::cli {
namespace {

struct ExtractArgs {
  std::string path, output;
  std::vector<std::string> nets;
  std::vector<size_t> stages;
};
struct CombineArgs {
  std::vector<std::string> paths;
  std::string output;
};

// Without --net there must be no doubt which net is meant.
std::vector<std::string> wanted_nets(const ExtractArgs& args, const std::vector<ArtifactNet>& nets) {
  std::vector<std::string> wanted = split_list(args.nets);
  for (size_t i = 0; i < wanted.size(); ++i)
    if (std::find(wanted.begin() + static_cast<ptrdiff_t>(i) + 1, wanted.end(), wanted[i]) != wanted.end())
      throw UserError(diagnostic(ErrorCode::E2001, "--net names `{}` twice", wanted[i]));
  if (wanted.empty() && nets.size() == 1) wanted.push_back(nets.front().name);
  if (wanted.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "the bmodel holds {} nets: choose with --net", nets.size())
                        .note("hint", "`tpuc info` lists them"));
  if (wanted.size() > 1 && !args.stages.empty())
    throw UserError(diagnostic(ErrorCode::E2001, "--stage goes with one --net, {} are given", wanted.size()));
  return wanted;
}

int run_extract(const ExtractArgs& args) {
  const auto backend = make_bm1684x_backend();
  const MappedFile file = open_bmodel(args.path);
  std::vector<ArtifactSelection> selections;
  for (const std::string& net : wanted_nets(args, backend->nets(file.bytes(), true)))
    selections.push_back({net, args.stages});
  write_file(args.output, backend->extract(file.bytes(), selections));
  return 0;
}

int run_combine(const CombineArgs& args) {
  std::vector<MappedFile> files;
  files.reserve(args.paths.size());
  std::vector<std::span<const std::byte>> artifacts;
  for (const std::string& path : args.paths) artifacts.push_back(files.emplace_back(open_bmodel(path)).bytes());
  write_file(args.output, make_bm1684x_backend()->combine(artifacts));
  return 0;
}

}  // namespace

Run define_extract(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<ExtractArgs>();
  app.add_option("BMODEL", args.path, "a bmodel, also of another compiler")->required();
  app.add_option("--net", args.nets, "NAME[,NAME]: the nets to keep (may be left out where there is one)");
  app.add_option("--stage", args.stages, "N: this stage of the net only (repeatable; default: all)");
  app.add_option("-o,--output", args.output, "OUT.bmodel")->required();
  return [&args] { return run_extract(args); };
}

Run define_combine(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<CombineArgs>();
  app.add_option("BMODEL", args.paths, "bmodels; nets of one name become stages of one net")->required();
  app.add_option("-o,--output", args.output, "OUT.bmodel")->required();
  return [&args] { return run_combine(args); };
}

}  // namespace tpuc::cli
