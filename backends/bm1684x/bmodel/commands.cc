// Cuts streams into commands; the rules of ids and end commands.   source: BMODEL.md section 4, GDMA.md section 7
#include "backends/bm1684x/bmodel/commands.h"

#include <algorithm>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x::bmodel {
namespace {

template <class... Args>
[[noreturn]] void refuse(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  throw UserError(diagnostic(code, text, std::forward<Args>(args)...));
}

Command tiu_command(DecodedTiu decoded) {
  Command c;
  const Head& head = head_of(decoded.instr);
  const auto* sys = std::get_if<SysId>(&decoded.instr);
  c.id = head.cmd_id;
  c.is_end = sys != nullptr && sys->eu == SysOp::End;
  // Of the system commands only the data barrier waits.
  const bool waits = head.cmd_id_en != 0 && (sys == nullptr || sys->eu == SysOp::DataBarrier);
  c.wait_for = waits ? head.cmd_id_dep : 0;
  c.instr = std::move(decoded.instr);
  return c;
}

Command gdma_command(DecodedGdma decoded) {
  Command c;
  const GdmaHead& head = head_of(decoded.instr);
  const bool sys = head.type == GdmaType::Sys;
  c.id = head.cmd_id;
  c.is_end = sys && head.function == static_cast<uint32_t>(GdmaSysOp::End);
  c.wait_for = head.cmd_id_en != 0 && !sys ? head.cmd_id_dep : 0;
  c.instr = std::move(decoded.instr);
  return c;
}

std::vector<Command> split(Engine engine, std::span<const std::byte> stream, uint32_t count, const std::string& where) {
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(stream.data()), stream.size());
  std::vector<Command> out;
  out.reserve(std::min<size_t>(count, bytes.size() / 16));
  size_t at = 0;
  while (at < bytes.size() && (out.empty() || !out.back().is_end)) {
    size_t length = 0;
    try {
      if (engine == Engine::Tiu) {
        DecodedTiu decoded = decode_tiu(bytes.subspan(at));
        length = decoded.length_bytes;
        out.push_back(tiu_command(std::move(decoded)));
      } else {
        DecodedGdma decoded = decode_gdma(bytes.subspan(at));
        length = decoded.length_bytes;
        out.push_back(gdma_command(std::move(decoded)));
      }
    } catch (const UserError& e) {
      Diagnostic d = e.diagnostics().front();
      throw UserError(std::move(d).note("at", fmt::format("{} {} stream, byte {}", where, name_of(engine), at)));
    }
    out.back().offset_bytes = static_cast<uint32_t>(at);
    at += length;
  }
  if (out.empty() || !out.back().is_end)
    refuse(ErrorCode::E6001, "{}: the {} stream has no end command", where, name_of(engine));
  if (out.size() != count)
    refuse(ErrorCode::E6001, "{}: the {} stream holds {} commands, the file says {}", where, name_of(engine),
           out.size(), count);
  for (size_t i = 1; i < out.size(); ++i)
    if (out[i].id <= out[i - 1].id)
      refuse(ErrorCode::E6001, "{}: {} command id {} follows {}; ids must grow", where, name_of(engine), out[i].id,
             out[i - 1].id);
  return out;
}

}  // namespace

std::string name_of(const Command& command) {
  return std::visit([](const auto& i) { return tpuc::bm1684x::name_of(i); }, command.instr);
}

std::string to_text(const Command& command) {
  return std::visit([](const auto& i) { return tpuc::bm1684x::to_text(i); }, command.instr);
}

DecodedGroup decode_group(const CommandGroup& group, const std::string& where) {
  DecodedGroup out;
  out.queue[0] = split(Engine::Tiu, group.tiu, group.tiu_count, where);
  out.queue[1] = split(Engine::Gdma, group.gdma, group.gdma_count, where);
  return out;
}

void require_chip(const Model& model) {
  if (model.chip != "BM1684X" && model.chip != "BM1686")
    refuse(ErrorCode::E6002, "the bmodel is for chip `{}`, not BM1684X", model.chip);
}

std::vector<StageGroup> decode_stage(const Net& net, size_t stage) {
  const Stage& s = net.stages.at(stage);
  if (s.is_dynamic)
    refuse(ErrorCode::E6002, "net `{}` stage {} has dynamic shapes: there is no command stream", net.name, stage);
  if (s.core_count > 1)
    refuse(ErrorCode::E6002, "net `{}` stage {} wants {} cores, the chip has 1", net.name, stage, s.core_count);
  std::vector<StageGroup> out;
  for (size_t i = 0; i < s.sub_nets.size(); ++i) {
    const SubNet& sub = s.sub_nets[i];
    if (sub.mode != 0 || sub.is_dynamic)
      refuse(ErrorCode::E6002, "net `{}` stage {} sub_net {} runs on the host (mode {}){}", net.name, stage, i,
             sub.mode, sub.is_dynamic ? " or is dynamic" : "");
    for (size_t g = 0; g < sub.groups.size(); ++g) {
      std::string where = fmt::format("net `{}` stage {} sub_net {} group {}", net.name, stage, i, g);
      DecodedGroup commands = decode_group(sub.groups[g], where);
      out.push_back({std::move(where), out.size(), &sub.groups[g], std::move(commands)});
    }
  }
  return out;
}

}  // namespace tpuc::bm1684x::bmodel
