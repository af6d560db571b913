// Numbering, waiting and ending of commands.   source: GDMA.md section 7, BMODEL.md section 4
#include "backends/bm1684x/emit/stream.h"

#include <algorithm>

#include "backends/bm1684x/arch.h"
#include "backends/bm1684x/cycles/cycles.h"
#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/isa/isa.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {

namespace {

constexpr size_t kStreamAlign = 128;  // bytes; BMODEL.md section 4

bool computes_f32(const TiuInstr& instr) {
  return std::visit(
      [](const auto& i) {
        using I = std::decay_t<decltype(i)>;
        if constexpr (std::is_same_v<I, Ar>) {
          if (i.eu == ArOp::Cast || i.eu == ArOp::Copy) return false;
        }
        if constexpr (requires { i.res0_prec; }) return i.res0_prec == Prec::F32;
        return false;
      },
      instr);
}

void pad(std::vector<uint8_t>& bytes) { bytes.resize(align_up(bytes.size(), kStreamAlign), 0); }

}  // namespace

uint32_t Stream::depend(Engine e, uint32_t id, const std::vector<Access>& accesses) {
  uint32_t wait = 0;
  // All reads first: a command that overwrites its own operand still waits for the operand's writer.
  for (const bool write : {false, true})
    for (const Access& a : accesses)
      if (a.write == write)
        wait = std::max(wait, write ? hazards_.write(e, id, a.begin, a.end) : hazards_.read(e, id, a.begin, a.end));
  return wait;
}

void Stream::tiu(TiuInstr instr, const std::vector<Access>& accesses) {
  breathe();
  const uint32_t id = ++tiu_id_;
  computed_f32_ |= computes_f32(instr);
  tiu_dep_ = std::max(tiu_dep_, depend(Engine::Tiu, id, accesses));
  head_of(instr).cmd_id = id;
  head_of(instr).cmd_id_dep = tiu_dep_;
  price(Engine::Tiu, tiu_dep_, cycles_of(instr));
  std::visit([&](const auto& i) { encode(i, groups_.back().tiu); }, instr);
}

void Stream::gdma(GdmaInstr instr, const std::vector<Access>& accesses) {
  breathe();
  const uint32_t id = ++gdma_id_;
  gdma_dep_ = std::max(gdma_dep_, depend(Engine::Gdma, id, accesses));
  price(Engine::Gdma, gdma_dep_, cycles_of(instr));
  std::visit(
      [&](auto& i) {
        i.head.cmd_id = id;
        i.head.cmd_id_dep = gdma_dep_;
        encode(i, groups_.back().gdma);
      },
      instr);
}

void Stream::price(Engine e, uint32_t wait_for, uint64_t cycles) {
  const auto own = static_cast<size_t>(e), other = 1 - own;
  const uint64_t awaited = wait_for == 0 ? 0 : ends_[other][wait_for - 1];
  free_[own] = std::max(free_[own], awaited) + cycles;
  ends_[own].push_back(free_[own]);
  busy_[own] += cycles;
}

void Stream::end_group() {
  CommandGroup& g = groups_.back();
  SysId end;
  end.head.cmd_id = ++tiu_id_;
  encode(end, g.tiu);
  GdmaSys last;
  last.head.cmd_id = ++gdma_id_;
  encode(last, g.gdma);
  g.tiu_count = tiu_id_;
  g.gdma_count = gdma_id_;
  pad(g.tiu);
  pad(g.gdma);
}

void Stream::breathe() {
  if (std::max(tiu_id_, gdma_id_) < most_ids_) return;
  end_group();
  groups_.emplace_back();
  hazards_.reset();
  tiu_id_ = gdma_id_ = tiu_dep_ = gdma_dep_ = 0;
  free_[0] = free_[1] = predicted_cycles();
  for (auto& ends : ends_) ends.clear();
}

std::vector<CommandGroup> Stream::finish() {
  end_group();
  return std::move(groups_);
}

}  // namespace tpuc::bm1684x
