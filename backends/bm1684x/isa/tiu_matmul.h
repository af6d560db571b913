// TIU matrix forms: MM and MM2.   source: TIU.md sections 7 and 8, regdef_tiu.json
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "backends/bm1684x/isa/tiu_common.h"

namespace tpuc::bm1684x {

enum class MmOp : uint32_t { Normal = 1, Wrq = 2, WrqRelu = 3 };
// Matrix product with rows spread over channels.
struct Mm {
  static constexpr std::string_view kForm = "MM";
  static constexpr int kBits = 384;
  Head head{.tsk_typ = Task::Mm};
  MmOp eu = MmOp::Normal;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8;
  uint32_t res_add = 0, left_tran = 0, opd0_const = 0, opd2_const = 0, opd0_sign = 0, opd1_sign = 0, opd2_sign = 0,
           opd2_n_str = 0, res0_c = 1, res0_w = 1, opd0_n = 1, opd0_c = 1, opd0_w = 1, opd1_w = 1, res0_addr = 0,
           opd0_addr = 0, opd1_addr = 0, opd2_addr = 0, opd3_addr = 0;
  bool operator==(const Mm&) const = default;

  template <class I = Mm>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(),
        std::tuple{bits("res_add", &I::res_add, 50, 1),       bits("left_tran", &I::left_tran, 51, 1),
                   bits("opd0_const", &I::opd0_const, 52, 1), bits("opd2_const", &I::opd2_const, 53, 1),
                   bits("opd0_sign", &I::opd0_sign, 64, 1),   bits("opd1_sign", &I::opd1_sign, 65, 1),
                   bits("opd2_sign", &I::opd2_sign, 66, 1),   bits("res0_prec", &I::res0_prec, 67, 3),
                   bits("opd0_prec", &I::opd0_prec, 70, 3),   bits("opd2_n_str", &I::opd2_n_str, 73, 3),
                   bits("res0_c", &I::res0_c, 112, 16),       bits("res0_w", &I::res0_w, 128, 16),
                   bits("opd0_n", &I::opd0_n, 144, 16),       bits("opd0_c", &I::opd0_c, 160, 16),
                   bits("opd0_w", &I::opd0_w, 176, 16),       bits("opd1_w", &I::opd1_w, 208, 16),
                   bits("res0_addr", &I::res0_addr, 224, 32), bits("opd0_addr", &I::opd0_addr, 256, 32),
                   bits("opd1_addr", &I::opd1_addr, 288, 32), bits("opd2_addr", &I::opd2_addr, 320, 32),
                   bits("opd3_addr", &I::opd3_addr, 352, 32)});
  }
};

enum class Mm2Op : uint32_t { Nn = 4, Nt = 5, Tt = 6 };
// Matrix product with one matrix row per lane.
struct Mm2 {
  static constexpr std::string_view kForm = "MM2";
  static constexpr int kBits = 256;
  Head head{.tsk_typ = Task::Mm};
  Mm2Op eu = Mm2Op::Nn;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8;
  uint32_t opd0_sign = 0, opd1_sign = 0, opd2_const = 0, res0_c = 1, res0_w = 1, opd1_c = 1, opd1_w = 1, opd0_const = 0,
           opd1_const = 0, res_add = 0, res0_addr = 0, opd0_addr = 0, opd1_addr = 0, opd2_addr = 0;
  bool operator==(const Mm2&) const = default;

  template <class I = Mm2>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(159),
        std::tuple{bits("opd0_sign", &I::opd0_sign, 50, 1), bits("opd1_sign", &I::opd1_sign, 51, 1),
                   bits("res0_prec", &I::res0_prec, 52, 3), bits("opd2_const", &I::opd2_const, 63, 1),
                   bits("res0_c", &I::res0_c, 64, 16), bits("res0_w", &I::res0_w, 80, 16),
                   bits("opd1_c", &I::opd1_c, 96, 16), bits("opd1_w", &I::opd1_w, 112, 16),
                   bits("opd0_prec", &I::opd0_prec, 128, 3), bits("opd0_const", &I::opd0_const, 131, 1),
                   bits("opd1_const", &I::opd1_const, 132, 1), bits("res_add", &I::res_add, 133, 1),
                   bits("res0_addr", &I::res0_addr, 134, 25), bits("opd0_addr", &I::opd0_addr, 160, 32),
                   bits("opd1_addr", &I::opd1_addr, 192, 32), bits("opd2_addr", &I::opd2_addr, 224, 32)});
  }
};

}  // namespace tpuc::bm1684x
