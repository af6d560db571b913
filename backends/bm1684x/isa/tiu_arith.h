// TIU element-wise forms: AR, LIN, CMP, VC.   source: TIU.md sections 3 and 10, regdef_tiu.json
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "backends/bm1684x/isa/tiu_common.h"

namespace tpuc::bm1684x {

// Element-wise arithmetic. opd2: shift count, constant, or rounding. opd2_n_str: rounding mode, or iterations - 1
// (Div).
struct Ar {
  static constexpr std::string_view kForm = "AR";
  static constexpr int kBits = 512;
  Head head{.tsk_typ = Task::Ar};
  ArOp eu = ArOp::Add;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8, opd1_prec = Prec::I8, opd2_prec = Prec::I8;
  Layout res0_str = Layout::Aligned, opd0_str = Layout::Aligned, opd1_str = Layout::Aligned;
  uint32_t opd0_const = 0, opd1_const = 0, opd2_const = 0, tsk_opd_num = 0, opd0_sign = 0, opd1_sign = 0,
           opd2_n_str = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, res0_addr = 0, opd0_addr = 0, opd1_addr = 0,
           opd2_addr = 0, res0_n_str = 0, res0_c_str = 0, opd0_n_str = 0, opd0_c_str = 0, opd1_n_str = 0,
           opd1_c_str = 0, res0_h_str = 0, res0_w_str = 0, opd0_h_str = 0, opd2_sign = 0, opd0_w_str = 0,
           opd1_h_str = 0, opd1_w_str = 0;
  bool operator==(const Ar&) const = default;

  template <class I = Ar>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(),
        std::tuple{bits("opd0_const", &I::opd0_const, 50, 1),   bits("opd1_const", &I::opd1_const, 51, 1),
                   bits("opd2_const", &I::opd2_const, 52, 1),   bits("tsk_opd_num", &I::tsk_opd_num, 53, 2),
                   bits("res0_prec", &I::res0_prec, 64, 3),     bits("opd0_prec", &I::opd0_prec, 67, 3),
                   bits("opd1_prec", &I::opd1_prec, 70, 3),     bits("opd2_prec", &I::opd2_prec, 73, 3),
                   bits("opd0_sign", &I::opd0_sign, 76, 1),     bits("opd1_sign", &I::opd1_sign, 77, 1),
                   bits("res0_str", &I::res0_str, 78, 3),       bits("opd0_str", &I::opd0_str, 81, 3),
                   bits("opd1_str", &I::opd1_str, 84, 3),       bits("opd2_n_str", &I::opd2_n_str, 87, 3),
                   bits("res0_n", &I::res0_n, 96, 16),          bits("res0_c", &I::res0_c, 112, 16),
                   bits("res0_h", &I::res0_h, 128, 16),         bits("res0_w", &I::res0_w, 144, 16),
                   bits("res0_addr", &I::res0_addr, 160, 32),   bits("opd0_addr", &I::opd0_addr, 192, 32),
                   bits("opd1_addr", &I::opd1_addr, 224, 32),   bits("opd2_addr", &I::opd2_addr, 256, 32),
                   bits("res0_n_str", &I::res0_n_str, 288, 16), bits("res0_c_str", &I::res0_c_str, 304, 16),
                   bits("opd0_n_str", &I::opd0_n_str, 320, 16), bits("opd0_c_str", &I::opd0_c_str, 336, 16),
                   bits("opd1_n_str", &I::opd1_n_str, 352, 16), bits("opd1_c_str", &I::opd1_c_str, 368, 16),
                   bits("res0_h_str", &I::res0_h_str, 384, 20), bits("res0_w_str", &I::res0_w_str, 404, 20),
                   bits("opd0_h_str", &I::opd0_h_str, 424, 20), bits("opd2_sign", &I::opd2_sign, 444, 1),
                   bits("opd0_w_str", &I::opd0_w_str, 448, 20), bits("opd1_h_str", &I::opd1_h_str, 468, 20),
                   bits("opd1_w_str", &I::opd1_w_str, 488, 20)});
  }
};

enum class LinOp : uint32_t { Mac = 1, SquareSum = 20, SquareDiff = 21 };
// A*B+C, (A+B)^2, (A-B)^2 with one B and C per channel, in one float type.
struct Lin {
  static constexpr std::string_view kForm = "LIN";
  static constexpr int kBits = 256;
  Head head{.tsk_typ = Task::Lin};
  LinOp eu = LinOp::Mac;
  Prec res0_prec = Prec::I8;
  uint32_t opd1_const = 0, opd2_const = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, res0_addr = 0, opd0_addr = 0,
           opd1_addr = 0, opd2_addr = 0;
  bool operator==(const Lin&) const = default;

  template <class I = Lin>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(),
        std::tuple{bits("opd1_const", &I::opd1_const, 50, 1), bits("opd2_const", &I::opd2_const, 51, 1),
                   bits("res0_prec", &I::res0_prec, 52, 3), bits("res0_n", &I::res0_n, 64, 16),
                   bits("res0_c", &I::res0_c, 80, 16), bits("res0_h", &I::res0_h, 96, 16),
                   bits("res0_w", &I::res0_w, 112, 16), bits("res0_addr", &I::res0_addr, 128, 32),
                   bits("opd0_addr", &I::opd0_addr, 160, 32), bits("opd1_addr", &I::opd1_addr, 192, 32),
                   bits("opd2_addr", &I::opd2_addr, 224, 32)});
  }
};

// res = A op B ? C : D; the "and" forms also give max or min of A and B.
struct Cmp {
  static constexpr std::string_view kForm = "CMP";
  static constexpr int kBits = 384;
  Head head{.tsk_typ = Task::Cmp};
  CmpOp eu = CmpOp::SelectGreater;
  Prec opd0_prec = Prec::I8, opd2_prec = Prec::I8;
  Layout opd0_str = Layout::Aligned, opd1_str = Layout::Aligned;
  uint32_t opd0_const = 0, opd1_const = 0, opd2_const = 0, opd3_const = 0, opd0_sign = 0, res0_n = 1, res0_c = 1,
           res0_h = 1, res0_w = 1, res0_addr = 0, res1_addr = 0, opd0_addr = 0, opd1_addr = 0, opd2_addr = 0,
           opd3_addr = 0;
  bool operator==(const Cmp&) const = default;

  template <class I = Cmp>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(),
        std::tuple{bits("opd0_const", &I::opd0_const, 50, 1), bits("opd1_const", &I::opd1_const, 51, 1),
                   bits("opd2_const", &I::opd2_const, 52, 1), bits("opd3_const", &I::opd3_const, 53, 1),
                   bits("opd0_prec", &I::opd0_prec, 64, 3), bits("opd2_prec", &I::opd2_prec, 67, 3),
                   bits("opd0_str", &I::opd0_str, 70, 3), bits("opd1_str", &I::opd1_str, 73, 3),
                   bits("opd0_sign", &I::opd0_sign, 127, 1), bits("res0_n", &I::res0_n, 128, 16),
                   bits("res0_c", &I::res0_c, 144, 16), bits("res0_h", &I::res0_h, 160, 16),
                   bits("res0_w", &I::res0_w, 176, 16), bits("res0_addr", &I::res0_addr, 192, 32),
                   bits("res1_addr", &I::res1_addr, 224, 32), bits("opd0_addr", &I::opd0_addr, 256, 32),
                   bits("opd1_addr", &I::opd1_addr, 288, 32), bits("opd2_addr", &I::opd2_addr, 320, 32),
                   bits("opd3_addr", &I::opd3_addr, 352, 32)});
  }
};

enum class VcOp : uint32_t {
  Mul = 0,
  Add = 2,
  Sub = 3,
  Max = 4,
  Min = 5,
  And = 7,
  Or = 8,
  Xor = 9,
  SelectGreater = 10,
  SelectEqual = 11,
  Div = 12,
  SelectLess = 13,
  AddSat = 15,
  SubSat = 16,
  MulSat = 20,
  MulDhr = 23
};
// Vector with matrix: res[i,c,0,w] = A[i] op B[c,w].
struct Vc {
  static constexpr std::string_view kForm = "VC";
  static constexpr int kBits = 384;
  Head head{.tsk_typ = Task::Vc};
  VcOp eu = VcOp::Add;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8, opd1_prec = Prec::I8;
  uint32_t opd0_sign = 0, opd1_sign = 0, opd2_n_str = 0, res0_addr = 0, opd0_addr = 0, res0_c = 1, res0_w = 1,
           opd0_c = 1, opd0_w = 1, opd1_w = 1, opd1_addr = 0, opd2_addr = 0;
  bool operator==(const Vc&) const = default;

  template <class I = Vc>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(),
        std::tuple{bits("opd0_sign", &I::opd0_sign, 50, 1), bits("opd1_sign", &I::opd1_sign, 51, 1),
                   bits("opd2_n_str", &I::opd2_n_str, 52, 3), bits("res0_prec", &I::res0_prec, 64, 3),
                   bits("opd0_prec", &I::opd0_prec, 67, 3), bits("opd1_prec", &I::opd1_prec, 70, 3),
                   bits("res0_addr", &I::res0_addr, 73, 32), bits("opd0_addr", &I::opd0_addr, 128, 32),
                   bits("res0_c", &I::res0_c, 176, 16), bits("res0_w", &I::res0_w, 192, 16),
                   bits("opd0_c", &I::opd0_c, 208, 16), bits("opd0_w", &I::opd0_w, 224, 16),
                   bits("opd1_w", &I::opd1_w, 240, 16), bits("opd1_addr", &I::opd1_addr, 256, 32),
                   bits("opd2_addr", &I::opd2_addr, 288, 32)});
  }
};

}  // namespace tpuc::bm1684x
