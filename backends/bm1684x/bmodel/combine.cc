// Checks what may stand together in one file, and assembles it.
#include "backends/bm1684x/bmodel/combine.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/bmodel/share_weights.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x::bmodel {
namespace {

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw UserError(diagnostic(ErrorCode::E6007, text, std::forward<Args>(args)...));
}

std::string shapes_of(const Stage& s) {
  std::string out;
  for (const Tensor& t : s.inputs)
    out += fmt::format("{}`{}` {}[{}]", out.empty() ? "" : ", ", t.name, name_of(t.type), fmt::join(t.shape, ","));
  return out;
}

bool same_tensor(const Tensor& a, const Tensor& b) {
  return a.name == b.name && a.type == b.type && a.scale == b.scale && a.zero_point == b.zero_point;
}

bool same_tensors(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_tensor);
}

bool same_shapes(const Stage& a, const Stage& b) {
  return std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(),
                    [](const Tensor& x, const Tensor& y) { return x.shape == y.shape; });
}

// The rules by which the runtime tells stages of a net apart.
void check_stage(const Net& net, const Stage& added) {
  const Stage& first = net.stages.front();
  if (!same_tensors(first.inputs, added.inputs) || !same_tensors(first.outputs, added.outputs))
    refuse("net `{}`: a stage has other inputs or outputs than the first one: {}; the first: {}", net.name,
           shapes_of(added), shapes_of(first));
  if ((first.sub_nets.size() > 1) != (added.sub_nets.size() > 1))
    refuse("net `{}`: one stage has several sub_nets, another has not", net.name);
  for (const Stage& s : net.stages)
    if (same_shapes(s, added)) refuse("net `{}` has two stages for {}", net.name, shapes_of(added));
}

void append(Model& model, const Net& net) {
  const auto known =
      std::find_if(model.nets.begin(), model.nets.end(), [&](const Net& other) { return other.name == net.name; });
  if (known == model.nets.end()) {
    model.nets.push_back(net);
    return;
  }
  if (known->address_mode != net.address_mode)
    refuse("net `{}`: its stages have address modes {} and {}", net.name, known->address_mode, net.address_mode);
  for (const Stage& s : net.stages) {
    check_stage(*known, s);
    known->stages.push_back(s);
  }
}

// Decoding says what is in the way: host steps, dynamic shapes, damaged streams.
void require_static(const Model& model) {
  require_chip(model);
  for (const Net& net : model.nets) {
    if (net.address_mode > 1)
      throw UserError(diagnostic(ErrorCode::E6002, "net `{}` has address mode {}, which the chip lacks", net.name,
                                 net.address_mode));
    for (size_t i = 0; i < net.stages.size(); ++i) decode_stage(net, i);
  }
}

std::vector<std::byte> write_shared(Model model) {
  require_static(model);
  std::deque<std::vector<std::byte>> storage;
  share_weights(model, storage);
  return write(model);
}

Net select(const Model& model, const Selection& wanted) {
  const auto found =
      std::find_if(model.nets.begin(), model.nets.end(), [&](const Net& net) { return net.name == wanted.net; });
  if (found == model.nets.end()) {
    std::string names;
    for (const Net& net : model.nets) names += (names.empty() ? "`" : ", `") + net.name + "`";
    throw UserError(
        diagnostic(ErrorCode::E6004, "the bmodel has no net `{}`", wanted.net).note("hint", "its nets are " + names));
  }
  if (wanted.stages.empty()) return *found;
  Net net{found->name, found->address_mode, {}};
  for (const size_t stage : wanted.stages) {
    if (stage >= found->stages.size())
      throw UserError(diagnostic(ErrorCode::E6004, "net `{}` has no stage {}: it has {}, counted from 0", net.name,
                                 stage, found->stages.size()));
    net.stages.push_back(found->stages[stage]);
  }
  return net;
}

}  // namespace

std::vector<std::byte> extract(const Model& model, const std::vector<Selection>& selections) {
  Model out = model;
  out.nets.clear();
  for (const Selection& wanted : selections) append(out, select(model, wanted));
  return write_shared(std::move(out));
}

std::vector<std::byte> combine(std::span<const Model> models) {
  TPUC_CHECK(!models.empty(), "nothing to combine");
  Model out = models.front();
  out.nets.clear();
  for (const Model& model : models) {
    require_chip(model);
    for (const Net& net : model.nets) append(out, net);
    if (out.firmware.empty()) {
      out.firmware = model.firmware;
      out.firmware_name = model.firmware_name;
    }
  }
  return write_shared(std::move(out));
}

}  // namespace tpuc::bm1684x::bmodel
