// What all TIU forms share: the head of a command (ids, task, lane mask).   source: TIU.md section 1
#pragma once

#include <cstdint>
#include <tuple>

#include "backends/bm1684x/isa/field.h"
#include "backends/bm1684x/isa/tiu_enums.h"

namespace tpuc::bm1684x {

// tsk_typ
enum class Task : uint32_t {
  Conv = 0,
  PorD = 1,
  Mm = 2,
  Ar = 3,
  RqDq = 4,
  TransBc = 5,
  Sg = 6,
  Lar = 7,
  Seg = 8,
  Sfu = 9,
  Lin = 10,
  Cmp = 13,
  Vc = 14,
  SysId = 15
};

// `lane_mask` exists in the long form only: bit k lets lane k write. A short command is all ones.
struct Head {
  uint32_t cmd_short = 1, cmd_id = 0, cmd_id_dep = 0;
  Task tsk_typ = Task::Ar;
  uint32_t cmd_id_en = 1, pwr_step = 0, intr_en = 0;
  uint64_t lane_mask = ~uint64_t{0};
  bool operator==(const Head&) const = default;
};

// The head fields of a short form; only intr_en moves between forms.
template <class I>
constexpr auto head_fields(int intr_en_bit = 63) {
  return std::tuple{bits("cmd_short", &I::head, &Head::cmd_short, 0, 1),
                    bits("cmd_id", &I::head, &Head::cmd_id, 1, 20),
                    bits("cmd_id_dep", &I::head, &Head::cmd_id_dep, 21, 20),
                    bits("tsk_typ", &I::head, &Head::tsk_typ, 41, 4),
                    bits("tsk_eu_typ", &I::eu, 45, 5),
                    bits("cmd_id_en", &I::head, &Head::cmd_id_en, 55, 4),
                    bits("pwr_step", &I::head, &Head::pwr_step, 59, 4),
                    bits("intr_en", &I::head, &Head::intr_en, intr_en_bit, 1)};
}

}  // namespace tpuc::bm1684x
