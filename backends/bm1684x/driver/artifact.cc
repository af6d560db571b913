// The artifact's side of the BM1684X back end: bmodels run, listed and priced, by the simulator and its neighbours.
#include <algorithm>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/bmodel/combine.h"
#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/bmodel/inspect.h"
#include "backends/bm1684x/cycles/profile.h"
#include "backends/bm1684x/driver/backend.h"
#include "backends/bm1684x/driver/border.h"
#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/isa/isa.h"
#include "backends/bm1684x/kernel.h"
#include "backends/bm1684x/sim/simulator.h"
#include "backends/bm1684x/sim/vectors.h"
#include "backends/bm1684x/sim/vendor_engine.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

Order to_order(EngineOrder order) {
  switch (order) {
    case EngineOrder::Tiu:
      return Order::Tiu;
    case EngineOrder::Gdma:
      return Order::Gdma;
    case EngineOrder::Alternate:
      return Order::Alternate;
    case EngineOrder::Random:
      return Order::Random;
  }
  return Order::Tiu;
}

SimResult run_on_vendor(const bmodel::Net& net, size_t stage, const SimInputs& inputs, const ArtifactRun& how) {
  VendorOptions options;
  options.library = how.vendor_lib;
  options.order = to_order(how.order);
  options.seed = how.seed;
  return run_on_vendor_library(net, stage, inputs, options);
}

const bmodel::Net& find_net(const bmodel::Model& model, const std::string& name) {
  for (const bmodel::Net& net : model.nets)
    if (net.name == name) return net;
  throw UserError(diagnostic(ErrorCode::E6004, "the bmodel has no net `{}`", name));
}

std::vector<ArtifactTensor> tensors_of(const std::vector<bmodel::Tensor>& list, bool raw) {
  std::vector<ArtifactTensor> out;
  out.reserve(list.size());
  for (const bmodel::Tensor& t : list) out.push_back({t.name, border_type(t, raw)});
  return out;
}

const Tensor& input_of(const std::map<std::string, Tensor>& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  if (found == inputs.end()) throw UserError(diagnostic(ErrorCode::E6005, "input `{}` is missing", name));
  return found->second;
}

std::vector<Profile> profiles_of(std::span<const std::byte> artifact) {
  std::vector<Profile> out;
  const bmodel::Model model = bmodel::read(artifact);
  bmodel::require_chip(model);
  for (const bmodel::Net& net : model.nets)
    for (size_t stage = 0; stage < net.stages.size(); ++stage) out.push_back(profile_stage(net, stage));
  return out;
}

// Results of networks of ours that had no dimensions have none again.
void restore_scalars(const bmodel::Stage& stage, std::map<std::string, Tensor>& results) {
  const auto is_one = [](const bmodel::Tensor& t) { return t.shape == std::vector<uint64_t>{1}; };
  if (std::none_of(stage.outputs.begin(), stage.outputs.end(), is_one)) return;
  const auto info = bmodel::debug_info_from_json(stage.tensor_loc);
  if (!info) return;
  for (const std::string& name : info->scalars)
    if (const auto it = results.find(name); it != results.end() && it->second.count() == 1)
      it->second = it->second.reshaped({});
}

std::string isa_lines(const std::vector<InstrInfo>& instructions) {
  std::string out;
  for (const InstrInfo& i : instructions)
    out += fmt::format("{:<4}  {:<22} {:<8} function {:<3} {:>4} bits  {}\n", i.engine, i.name, i.form, i.function,
                       i.bits, i.vectors.empty() ? "unconfirmed" : fmt::format("confirmed by {}", i.vectors));
  return out;
}

}  // namespace

bool Bm1684x::recognises(std::span<const std::byte> artifact) const { return bmodel::is_bmodel(artifact); }

bool Bm1684x::has_kernel(std::string_view op) const { return find_kernel(op) != nullptr; }

std::vector<ArtifactNet> Bm1684x::nets(std::span<const std::byte> artifact, bool raw) const {
  std::vector<ArtifactNet> out;
  for (const bmodel::Net& net : bmodel::read(artifact).nets) {
    out.push_back({net.name, {}});
    for (const bmodel::Stage& stage : net.stages)
      out.back().stages.push_back({tensors_of(stage.inputs, raw), tensors_of(stage.outputs, raw)});
  }
  return out;
}

RunOutcome Bm1684x::run(std::span<const std::byte> artifact, const std::map<std::string, Tensor>& inputs,
                        const ArtifactRun& how) const {
  const bmodel::Model model = bmodel::read(artifact);
  bmodel::require_chip(model);
  const bmodel::Net& net = find_net(model, how.net);
  const size_t index = static_cast<size_t>(std::max(how.stage, 0));
  if (index >= net.stages.size())
    throw UserError(diagnostic(ErrorCode::E6004, "net `{}` has no stage {}", net.name, index));
  const bmodel::Stage& stage = net.stages[index];

  std::map<std::string, Tensor> stored;
  SimInputs views;
  for (const bmodel::Tensor& t : stage.inputs)
    views[t.name] =
        stored.insert_or_assign(t.name, to_stored(input_of(inputs, t.name), t, how.raw)).first->second.bytes();

  SimOptions options;
  options.order = to_order(how.order);
  options.seed = how.seed;
  options.threads = how.threads;
  options.all_tensors = how.all_tensors;
  const SimResult result =
      how.vendor_lib.empty() ? simulate(net, index, views, options) : run_on_vendor(net, index, views, how);
  RunOutcome out;
  out.warnings = result.warnings;
  for (const SimTensor& t : result.intermediates)
    out.tensors.insert_or_assign(t.name, from_stored(t, {.name = t.name, .type = t.type, .shape = t.shape}, how.raw));
  for (size_t i = 0; i < result.outputs.size(); ++i)
    out.tensors.insert_or_assign(result.outputs[i].name, from_stored(result.outputs[i], stage.outputs[i], how.raw));
  if (!how.raw) restore_scalars(stage, out.tensors);
  return out;
}

std::string Bm1684x::info(std::span<const std::byte> artifact, bool json) const {
  const bmodel::Summary summary = bmodel::summarize(bmodel::read(artifact));
  return json ? bmodel::to_json(summary) : bmodel::to_text(summary);
}

std::vector<std::byte> Bm1684x::extract(std::span<const std::byte> artifact,
                                        const std::vector<ArtifactSelection>& selections) const {
  std::vector<bmodel::Selection> wanted;
  wanted.reserve(selections.size());
  for (const auto& [net, stages] : selections) wanted.push_back({net, stages});
  return bmodel::extract(bmodel::read(artifact), wanted);
}

std::vector<std::byte> Bm1684x::combine(const std::vector<std::span<const std::byte>>& artifacts) const {
  std::vector<bmodel::Model> models;
  models.reserve(artifacts.size());
  for (const std::span<const std::byte> artifact : artifacts) models.push_back(bmodel::read(artifact));
  return bmodel::combine(models);
}

std::string Bm1684x::disassemble(std::span<const std::byte> artifact) const {
  return bmodel::disassemble(bmodel::read(artifact));
}

std::string Bm1684x::profile(std::span<const std::byte> artifact, bool json) const {
  const std::vector<Profile> profiles = profiles_of(artifact);
  if (json) return to_json(profiles);
  std::string out;
  for (const Profile& p : profiles) out += to_text(p);
  return out;
}

ArtifactTime Bm1684x::estimate(std::span<const std::byte> artifact) const {
  ArtifactTime time;
  for (const Profile& p : profiles_of(artifact)) {
    time.total_cycles += static_cast<int64_t>(p.total_cycles);
    time.tiu_cycles += static_cast<int64_t>(p.busy[static_cast<size_t>(Engine::Tiu)]);
    time.gdma_cycles += static_cast<int64_t>(p.busy[static_cast<size_t>(Engine::Gdma)]);
    time.milliseconds += p.milliseconds();
  }
  return time;
}

std::string Bm1684x::isa() const { return isa_lines(tiu_instructions()) + isa_lines(gdma_instructions()); }

Backend::Replay Bm1684x::replay_vectors(const std::string& folder) const {
  const VectorReport report = bm1684x::replay_vectors(folder);
  return {to_text(report), report.passed, report.failed};
}

}  // namespace tpuc::bm1684x
