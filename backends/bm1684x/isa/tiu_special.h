// TIU forms for number formats and functions: RQ&DQ and SFU.   source: TIU.md sections 6 and 9, regdef_tiu.json
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "backends/bm1684x/isa/tiu_common.h"

namespace tpuc::bm1684x {

enum class RqOp : uint32_t { Rq0 = 0, Rq1 = 1, Dq0 = 3, Dq1 = 4 };
// Requantize and dequantize; parameters constant or one row of 32-bit words per channel.
struct RqDq {
  static constexpr std::string_view kForm = "RQ&DQ";
  static constexpr int kBits = 256;
  Head head{.tsk_typ = Task::RqDq};
  RqOp eu = RqOp::Rq1;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8;
  uint32_t opd0_sign = 0, opd2_sign = 0, opd1_const = 0, opd2_n_str = 0, res0_addr = 0, opd0_addr = 0, res0_n = 1,
           res0_c = 1, res0_h = 1, res0_w = 1, opd1_addr = 0, opd2_addr = 0;
  bool operator==(const RqDq&) const = default;

  template <class I = RqDq>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(127),
        std::tuple{bits("opd0_sign", &I::opd0_sign, 50, 1), bits("opd2_sign", &I::opd2_sign, 51, 1),
                   bits("res0_prec", &I::res0_prec, 52, 3), bits("opd1_const", &I::opd1_const, 63, 1),
                   bits("opd0_prec", &I::opd0_prec, 64, 3), bits("opd2_n_str", &I::opd2_n_str, 67, 6),
                   bits("res0_addr", &I::res0_addr, 73, 27), bits("opd0_addr", &I::opd0_addr, 100, 27),
                   bits("res0_n", &I::res0_n, 128, 16), bits("res0_c", &I::res0_c, 144, 16),
                   bits("res0_h", &I::res0_h, 160, 16), bits("res0_w", &I::res0_w, 176, 16),
                   bits("opd1_addr", &I::opd1_addr, 192, 32), bits("opd2_addr", &I::opd2_addr, 224, 32)});
  }
};

enum class SfuOp : uint32_t { Taylor4x = 12, Taylor = 13, Normalize = 15, Rsqrt = 17 };
// Polynomials, reciprocal square root, exponent extraction.
struct Sfu {
  static constexpr std::string_view kForm = "SFU";
  static constexpr int kBits = 256;
  Head head{.tsk_typ = Task::Sfu};
  SfuOp eu = SfuOp::Taylor;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8;
  uint32_t opd2_n_str = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, opd1_n = 1, res0_addr = 0, opd0_addr = 0,
           opd1_addr = 0;
  bool operator==(const Sfu&) const = default;

  template <class I = Sfu>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(),
        std::tuple{bits("res0_prec", &I::res0_prec, 64, 3), bits("opd0_prec", &I::opd0_prec, 67, 3),
                   bits("opd2_n_str", &I::opd2_n_str, 70, 2), bits("res0_n", &I::res0_n, 80, 16),
                   bits("res0_c", &I::res0_c, 96, 16), bits("res0_h", &I::res0_h, 112, 16),
                   bits("res0_w", &I::res0_w, 128, 16), bits("opd1_n", &I::opd1_n, 144, 16),
                   bits("res0_addr", &I::res0_addr, 160, 32), bits("opd0_addr", &I::opd0_addr, 192, 32),
                   bits("opd1_addr", &I::opd1_addr, 224, 32)});
  }
};

}  // namespace tpuc::bm1684x
