// TIU forms that move data, and system commands: TRANS&BC, SG, SGL, SYSID.   source: TIU.md sections 11-13,
// regdef_tiu.json
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "backends/bm1684x/isa/tiu_common.h"

namespace tpuc::bm1684x {

enum class TransOp : uint32_t {
  Cw = 0,
  Wc = 1,
  LaneCopy = 2,
  LaneBroadcast = 3,
  StaticBroadcast = 4,
  StaticDistribute = 5
};
// Transposes, lane copies and broadcasts, reads of static memory.
struct TransBc {
  static constexpr std::string_view kForm = "TRANS&BC";
  static constexpr int kBits = 256;
  Head head{.tsk_typ = Task::TransBc};
  TransOp eu = TransOp::Cw;
  Prec res0_prec = Prec::I8;
  uint32_t res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, opd0_c = 1, opd0_w = 1, res0_addr = 0, opd0_addr = 0;
  bool operator==(const TransBc&) const = default;

  template <class I = TransBc>
  static constexpr auto fields() {
    return std::tuple_cat(head_fields<I>(),
                          std::tuple{bits("res0_prec", &I::res0_prec, 50, 3), bits("res0_n", &I::res0_n, 64, 16),
                                     bits("res0_c", &I::res0_c, 80, 16), bits("res0_h", &I::res0_h, 96, 16),
                                     bits("res0_w", &I::res0_w, 112, 16), bits("opd0_c", &I::opd0_c, 128, 16),
                                     bits("opd0_w", &I::opd0_w, 144, 16), bits("res0_addr", &I::res0_addr, 192, 32),
                                     bits("opd0_addr", &I::opd0_addr, 224, 32)});
  }
};

enum class SgOp : uint32_t {
  PlGather1d = 0,
  PlGather2d = 1,
  PlGatherRec = 2,
  PlScatter1d = 3,
  PlScatter2d = 4,
  PesGather = 5,
  PesScatter = 6,
  PemGather = 7,
  PesMaskSelect = 8,
  PesNonzero = 9,
  PesScatterAdd = 10,
  PesGatherHazard = 13,
  PesScatterHazard = 14,
  PesMaskSelectHazard = 15,
  PesNonzeroHazard = 16
};
// Gather and scatter inside lanes. Addresses have 29 bits in the short form.
struct Sg {
  static constexpr std::string_view kForm = "SG";
  static constexpr int kBits = 384;
  Head head{.tsk_typ = Task::Sg};
  SgOp eu = SgOp::PesGather;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8, opd1_prec = Prec::I8;
  Layout opd0_str = Layout::Aligned;
  uint32_t opd3_const = 0, opd2_const = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, opd0_h = 1, opd0_w = 1,
           opd1_c = 1, opd1_w = 1, res0_addr = 0, opd0_addr = 0, opd1_addr = 0, opd2_addr = 0, res1_addr = 0,
           opd3_addr = 0;
  bool operator==(const Sg&) const = default;

  template <class I = Sg>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(51),
        std::tuple{bits("opd3_const", &I::opd3_const, 50, 1), bits("opd0_str", &I::opd0_str, 52, 3),
                   bits("opd2_const", &I::opd2_const, 63, 1), bits("res0_n", &I::res0_n, 64, 16),
                   bits("res0_c", &I::res0_c, 80, 16),        bits("res0_h", &I::res0_h, 96, 16),
                   bits("res0_w", &I::res0_w, 112, 16),       bits("opd0_h", &I::opd0_h, 128, 16),
                   bits("opd0_w", &I::opd0_w, 144, 16),       bits("opd1_c", &I::opd1_c, 160, 16),
                   bits("opd1_w", &I::opd1_w, 176, 16),       bits("res0_prec", &I::res0_prec, 192, 3),
                   bits("res0_addr", &I::res0_addr, 195, 29), bits("opd0_prec", &I::opd0_prec, 224, 3),
                   bits("opd0_addr", &I::opd0_addr, 227, 29), bits("opd1_prec", &I::opd1_prec, 256, 3),
                   bits("opd1_addr", &I::opd1_addr, 259, 29), bits("opd2_addr", &I::opd2_addr, 288, 32),
                   bits("res1_addr", &I::res1_addr, 320, 32), bits("opd3_addr", &I::opd3_addr, 352, 32)});
  }
};

enum class SglOp : uint32_t { GatherLine = 17, ScatterLine = 18, MaskSelectLine = 19 };
// Gather and scatter of whole rows.
struct Sgl {
  static constexpr std::string_view kForm = "SGL";
  static constexpr int kBits = 384;
  Head head{.tsk_typ = Task::Sg};
  SglOp eu = SglOp::GatherLine;
  Prec res0_prec = Prec::I8, opd1_prec = Prec::I8;
  Layout opd0_str = Layout::Aligned;
  uint32_t opd3_const = 0, opd2_const = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, opd0_h = 1, res0_addr = 0,
           opd0_addr = 0, opd1_addr = 0, opd2_addr = 0, res1_addr = 0;
  bool operator==(const Sgl&) const = default;

  template <class I = Sgl>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(54),
        std::tuple{bits("opd3_const", &I::opd3_const, 53, 1), bits("opd2_const", &I::opd2_const, 63, 1),
                   bits("res0_prec", &I::res0_prec, 64, 3), bits("opd1_prec", &I::opd1_prec, 67, 3),
                   bits("opd0_str", &I::opd0_str, 70, 3), bits("res0_n", &I::res0_n, 80, 16),
                   bits("res0_c", &I::res0_c, 96, 16), bits("res0_h", &I::res0_h, 112, 16),
                   bits("res0_w", &I::res0_w, 128, 16), bits("opd0_h", &I::opd0_h, 144, 16),
                   bits("res0_addr", &I::res0_addr, 160, 32), bits("opd0_addr", &I::opd0_addr, 192, 32),
                   bits("opd1_addr", &I::opd1_addr, 224, 32), bits("opd2_addr", &I::opd2_addr, 256, 32),
                   bits("res1_addr", &I::res1_addr, 288, 32)});
  }
};

enum class SysOp : uint32_t {
  InterruptBarrier = 0,
  Spb = 1,
  Swr = 2,
  SwrFromLmem = 3,
  SwrCollectFromLmem = 4,
  DataBarrier = 5,
  Nop = 30,
  End = 31
};
// System commands, always 128 bits; a stream ends with End. No effect on memory. Bit 0 is reserved here, not "short".
struct SysId {
  static constexpr std::string_view kForm = "SYSID";
  static constexpr int kBits = 128;
  Head head{.cmd_short = 0, .tsk_typ = Task::SysId, .cmd_id_en = 0};
  SysOp eu = SysOp::End;
  uint32_t cmd_id_eng1 = 0, cmd_id_eng2 = 0, cmd_id_eng3 = 0;
  bool operator==(const SysId&) const = default;

  template <class I = SysId>
  static constexpr auto fields() {
    return std::tuple_cat(head_fields<I>(), std::tuple{bits("cmd_id_eng1", &I::cmd_id_eng1, 64, 20),
                                                       bits("cmd_id_eng2", &I::cmd_id_eng2, 84, 20),
                                                       bits("cmd_id_eng3", &I::cmd_id_eng3, 104, 20)});
  }
};

}  // namespace tpuc::bm1684x
