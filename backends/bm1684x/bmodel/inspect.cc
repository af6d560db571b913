// Facts of a container and their layout as text.
#include "backends/bm1684x/bmodel/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "backends/bm1684x/bmodel/commands.h"

namespace tpuc::bm1684x::bmodel {
namespace {

StageSummary summarize(const Stage& s) {
  StageSummary out;
  out.inputs = s.inputs;
  out.outputs = s.outputs;
  out.weight_bytes = s.coefficients ? s.coefficients->bytes.size() : 0;
  out.activation_bytes = s.context_bytes;
  out.io_bytes = s.io_bytes;
  out.is_dynamic = s.is_dynamic;
  out.sub_nets = s.sub_nets.size();
  for (const SubNet& sub : s.sub_nets) {
    out.groups += sub.groups.size();
    for (const CommandGroup& g : sub.groups) {
      out.tiu_commands += g.tiu_count;
      out.gdma_commands += g.gdma_count;
      out.command_bytes += g.tiu.size() + g.gdma.size();
    }
  }
  if (std::optional<DebugInfo> debug = debug_info_from_json(s.tensor_loc)) {
    out.by_tpuc = true;
    out.layers = debug->layers.size();
    out.notes = std::move(debug->notes);
    out.elements = std::move(debug->elements);
    out.products = std::move(debug->products);
    out.float_ops = std::move(debug->float_ops);
  }
  return out;
}

std::string shape_text(const std::vector<uint64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::string line_of(std::string_view kind, const Tensor& t, float scale) {
  std::string out = fmt::format("    {:<7} {}: {}{}", kind, t.name, name_of(t.type), shape_text(t.shape));
  const bool integer = t.type != DataType::F32 && t.type != DataType::F16 && t.type != DataType::BF16;
  if (integer && (t.scale != 1.0f || t.zero_point != 0))
    out += fmt::format("  scale {} zero point {}", scale, t.zero_point);
  return out + fmt::format("  at {:#x}, {} bytes\n", t.device_addr, t.byte_count());
}

std::string shares_text(std::string_view what, const std::vector<std::pair<std::string, uint64_t>>& counts) {
  if (counts.empty()) return {};
  uint64_t all = 0;
  for (const auto& [type, count] : counts) all += count;
  std::vector<std::string> parts;
  for (const auto& [type, count] : counts)
    parts.push_back(fmt::format("{} {:.1f} %", type,
                                all == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(all)));
  return fmt::format("    {} in {}\n", what, fmt::join(parts, ", "));
}

std::string float_ops_text(const std::vector<FloatOp>& ops) {
  std::string out;
  for (const FloatOp& op : ops) out += fmt::format("    float   {}: {} in {}\n", op.name, op.op, op.type);
  return out;
}

std::string text_of(const StageSummary& s, size_t index) {
  std::string out =
      fmt::format("  stage {}{}{}\n", index, s.is_dynamic ? " (dynamic)" : "", s.by_tpuc ? "" : " (not made by tpuc)");
  for (const Tensor& t : s.inputs) out += line_of("input", t, step_of_input(t));
  for (const Tensor& t : s.outputs) out += line_of("output", t, t.scale);
  for (const std::string& note : s.notes) out += fmt::format("    note    {}\n", note);
  out += fmt::format("    memory  weights {} bytes, activations {} bytes, inputs and outputs apart {} bytes\n",
                     s.weight_bytes, s.activation_bytes, s.io_bytes);
  out += fmt::format("    commands {} tiu, {} gdma in {} group(s) of {} sub_net(s), {} bytes\n", s.tiu_commands,
                     s.gdma_commands, s.groups, s.sub_nets, s.command_bytes);
  return out + shares_text("elements computed", s.elements) + shares_text("multiply-adds", s.products) +
         float_ops_text(s.float_ops);
}

std::string listing(const StageGroup& group, const std::optional<DebugInfo>& debug, const LayerIndex& layers) {
  std::string out;
  for (const Engine e : {Engine::Tiu, Engine::Gdma}) {
    const auto& queue = group.commands.of(e);
    out += fmt::format("# {}: {} {} commands\n", group.where, queue.size(), name_of(e));
    for (const Command& c : queue) {
      std::string wait;
      if (c.wait_for != 0) wait = fmt::format("{} {}", name_of(other(e)), c.wait_for);
      out += fmt::format("{:<4} {:>6}  after {:<12} {}", name_of(e), c.id, wait.empty() ? "-" : wait, to_text(c));
      const int32_t layer = layers.find(e, group.index, c.id);
      if (layer >= 0) {
        const DebugLayer& l = debug->layers[static_cast<size_t>(layer)];
        out += fmt::format("  ; {} ({}, tile {})", l.name, l.op, l.tile);
      }
      out += '\n';
    }
  }
  return out;
}

}  // namespace

float step_of_input(const Tensor& t) {
  if (t.scale == kUnitScale) return 1;
  return t.scale == 0 ? 0 : 1 / t.scale;
}

Summary summarize(const Model& model) {
  Summary out;
  out.chip = model.chip;
  out.version = model.version;
  out.firmware_bytes = model.firmware.size();
  std::set<std::pair<const std::byte*, size_t>> weights;
  for (const Net& net : model.nets) {
    out.nets.push_back({net.name, {}});
    for (const Stage& stage : net.stages) {
      out.nets.back().stages.push_back(summarize(stage));
      const StageSummary& s = out.nets.back().stages.back();
      out.activation_bytes = std::max(out.activation_bytes, s.activation_bytes);
      out.command_bytes += s.command_bytes;
      if (stage.coefficients &&
          weights.emplace(stage.coefficients->bytes.data(), stage.coefficients->bytes.size()).second)
        out.weight_bytes += s.weight_bytes;
    }
  }
  return out;
}

std::string to_text(const Summary& s) {
  std::string out = fmt::format("bmodel for {}, version {}\n", s.chip, s.version);
  if (s.firmware_bytes > 0) out += fmt::format("firmware {} bytes\n", s.firmware_bytes);
  out += fmt::format("device memory {} bytes: weights {}, commands {}, activations {}\n",
                     s.weight_bytes + s.command_bytes + s.activation_bytes, s.weight_bytes, s.command_bytes,
                     s.activation_bytes);
  for (const NetSummary& net : s.nets) {
    out += fmt::format("net {}\n", net.name);
    for (size_t i = 0; i < net.stages.size(); ++i) out += text_of(net.stages[i], i);
  }
  return out;
}

std::string disassemble(const Model& model) {
  require_chip(model);
  std::string out;
  for (const Net& net : model.nets) {
    for (size_t i = 0; i < net.stages.size(); ++i) {
      const std::optional<DebugInfo> debug = debug_info_from_json(net.stages[i].tensor_loc);
      const LayerIndex layers(debug);
      for (const StageGroup& group : decode_stage(net, i)) out += listing(group, debug, layers);
    }
  }
  return out;
}

}  // namespace tpuc::bm1684x::bmodel
