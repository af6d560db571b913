// TIU window forms: CONV and PorD.   source: TIU.md sections 4 and 5, regdef_tiu.json
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "backends/bm1684x/isa/tiu_common.h"

namespace tpuc::bm1684x {

enum class ConvOp : uint32_t { Normal = 0, Wrq = 1, WrqRelu = 2 };
// Convolution. res0_addr has 26 bits in the short form. opd1_h, opd1_w: kernel; opd*_ins0: inserted rows, dilation - 1.
struct Conv {
  static constexpr std::string_view kForm = "CONV";
  static constexpr int kBits = 512;
  Head head{.tsk_typ = Task::Conv};
  ConvOp eu = ConvOp::Normal;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8;
  Layout opd0_str = Layout::Aligned;
  uint32_t opd0_sign = 0, opd1_sign = 0, opd2_sign = 0, pad_mode = 0, res_add = 0, kernel_rotate = 0, opd1_const = 0,
           opd2_const = 0, opd0_up_pad = 0, opd0_dn_pad = 0, opd0_lf_pad = 0, opd0_rt_pad = 0, res_op_x_str = 1,
           res_op_y_str = 1, opd3_const = 0, res0_addr = 0, opd0_x_ins0 = 0, opd0_y_ins0 = 0, opd1_x_ins0 = 0,
           opd1_y_ins0 = 0, opd0_n_str = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, opd0_c = 1, opd0_h = 1,
           opd0_w = 1, opd1_h = 1, opd1_w = 1, opd0_c_str = 0, opd0_addr = 0, opd1_addr = 0, opd2_addr = 0,
           res1_addr = 0, opd3_addr = 0, opd0_h_str = 0, opd0_w_str = 0;
  bool operator==(const Conv&) const = default;

  template <class I = Conv>
  static constexpr auto fields() {
    return std::tuple_cat(
        head_fields<I>(127),
        std::tuple{bits("opd0_sign", &I::opd0_sign, 50, 1),       bits("opd1_sign", &I::opd1_sign, 51, 1),
                   bits("opd2_sign", &I::opd2_sign, 52, 1),       bits("pad_mode", &I::pad_mode, 53, 2),
                   bits("res_add", &I::res_add, 63, 1),           bits("kernel_rotate", &I::kernel_rotate, 64, 1),
                   bits("res0_prec", &I::res0_prec, 65, 3),       bits("opd0_prec", &I::opd0_prec, 68, 3),
                   bits("opd1_const", &I::opd1_const, 71, 1),     bits("opd2_const", &I::opd2_const, 72, 1),
                   bits("opd0_up_pad", &I::opd0_up_pad, 73, 4),   bits("opd0_dn_pad", &I::opd0_dn_pad, 77, 4),
                   bits("opd0_lf_pad", &I::opd0_lf_pad, 81, 4),   bits("opd0_rt_pad", &I::opd0_rt_pad, 85, 4),
                   bits("res_op_x_str", &I::res_op_x_str, 89, 4), bits("res_op_y_str", &I::res_op_y_str, 93, 4),
                   bits("opd3_const", &I::opd3_const, 97, 1),     bits("opd0_str", &I::opd0_str, 98, 3),
                   bits("res0_addr", &I::res0_addr, 101, 26),     bits("opd0_x_ins0", &I::opd0_x_ins0, 128, 4),
                   bits("opd0_y_ins0", &I::opd0_y_ins0, 132, 4),  bits("opd1_x_ins0", &I::opd1_x_ins0, 136, 4),
                   bits("opd1_y_ins0", &I::opd1_y_ins0, 140, 4),  bits("opd0_n_str", &I::opd0_n_str, 144, 16),
                   bits("res0_n", &I::res0_n, 160, 16),           bits("res0_c", &I::res0_c, 176, 16),
                   bits("res0_h", &I::res0_h, 192, 16),           bits("res0_w", &I::res0_w, 208, 16),
                   bits("opd0_c", &I::opd0_c, 224, 16),           bits("opd0_h", &I::opd0_h, 240, 16),
                   bits("opd0_w", &I::opd0_w, 256, 16),           bits("opd1_h", &I::opd1_h, 272, 16),
                   bits("opd1_w", &I::opd1_w, 288, 16),           bits("opd0_c_str", &I::opd0_c_str, 304, 16),
                   bits("opd0_addr", &I::opd0_addr, 320, 32),     bits("opd1_addr", &I::opd1_addr, 352, 32),
                   bits("opd2_addr", &I::opd2_addr, 384, 32),     bits("res1_addr", &I::res1_addr, 416, 32),
                   bits("opd3_addr", &I::opd3_addr, 448, 32),     bits("opd0_h_str", &I::opd0_h_str, 480, 16),
                   bits("opd0_w_str", &I::opd0_w_str, 496, 16)});
  }
};

enum class PordOp : uint32_t {
  Depthwise = 0,
  Average = 1,
  DepthwiseRelu = 2,
  Max = 4,
  RoiDepthwise = 5,
  RoiAverage = 6,
  RoiMax = 7
};
// Depthwise convolution and pooling.
struct Pord {
  static constexpr std::string_view kForm = "PorD";
  static constexpr int kBits = 512;
  Head head{.tsk_typ = Task::PorD};
  PordOp eu = PordOp::Depthwise;
  Prec res0_prec = Prec::I8, opd0_prec = Prec::I8;
  uint32_t kernel_rotate = 0, opd0_sign = 0, opd1_sign = 0, pad_mode = 0, opd1_const = 0, opd2_const = 0,
           opd3_const = 0, opd0_x_ins0 = 0, opd0_y_ins0 = 0, opd1_x_ins0 = 0, opd1_y_ins0 = 0, opd0_up_pad = 0,
           opd0_dn_pad = 0, opd0_lf_pad = 0, opd0_rt_pad = 0, res_op_x_str = 1, res_op_y_str = 1, opd2_n_str = 0,
           opd2_sign = 0, res0_n = 1, res0_c = 1, res0_h = 1, res0_w = 1, opd0_h = 1, opd0_w = 1, opd1_h = 1,
           opd1_w = 1, res0_addr = 0, opd0_addr = 0, opd1_addr = 0, opd2_addr = 0, res1_addr = 0, opd3_addr = 0;
  bool operator==(const Pord&) const = default;

  template <class I = Pord>
  static constexpr auto fields() {
    return std::tuple_cat(head_fields<I>(127), std::tuple{bits("kernel_rotate", &I::kernel_rotate, 50, 1),
                                                          bits("opd0_sign", &I::opd0_sign, 51, 1),
                                                          bits("opd1_sign", &I::opd1_sign, 52, 1),
                                                          bits("pad_mode", &I::pad_mode, 53, 2),
                                                          bits("opd1_const", &I::opd1_const, 63, 1),
                                                          bits("opd2_const", &I::opd2_const, 64, 1),
                                                          bits("opd3_const", &I::opd3_const, 65, 1),
                                                          bits("res0_prec", &I::res0_prec, 66, 3),
                                                          bits("opd0_prec", &I::opd0_prec, 69, 3),
                                                          bits("opd0_x_ins0", &I::opd0_x_ins0, 72, 4),
                                                          bits("opd0_y_ins0", &I::opd0_y_ins0, 76, 4),
                                                          bits("opd1_x_ins0", &I::opd1_x_ins0, 80, 4),
                                                          bits("opd1_y_ins0", &I::opd1_y_ins0, 84, 4),
                                                          bits("opd0_up_pad", &I::opd0_up_pad, 88, 4),
                                                          bits("opd0_dn_pad", &I::opd0_dn_pad, 92, 4),
                                                          bits("opd0_lf_pad", &I::opd0_lf_pad, 96, 4),
                                                          bits("opd0_rt_pad", &I::opd0_rt_pad, 100, 4),
                                                          bits("res_op_x_str", &I::res_op_x_str, 104, 4),
                                                          bits("res_op_y_str", &I::res_op_y_str, 108, 4),
                                                          bits("opd2_n_str", &I::opd2_n_str, 112, 3),
                                                          bits("opd2_sign", &I::opd2_sign, 126, 1),
                                                          bits("res0_n", &I::res0_n, 128, 16),
                                                          bits("res0_c", &I::res0_c, 144, 16),
                                                          bits("res0_h", &I::res0_h, 160, 16),
                                                          bits("res0_w", &I::res0_w, 176, 16),
                                                          bits("opd0_h", &I::opd0_h, 192, 16),
                                                          bits("opd0_w", &I::opd0_w, 208, 16),
                                                          bits("opd1_h", &I::opd1_h, 224, 16),
                                                          bits("opd1_w", &I::opd1_w, 240, 16),
                                                          bits("res0_addr", &I::res0_addr, 256, 32),
                                                          bits("opd0_addr", &I::opd0_addr, 288, 32),
                                                          bits("opd1_addr", &I::opd1_addr, 320, 32),
                                                          bits("opd2_addr", &I::opd2_addr, 352, 32),
                                                          bits("res1_addr", &I::res1_addr, 384, 32),
                                                          bits("opd3_addr", &I::opd3_addr, 416, 32)});
  }
};

}  // namespace tpuc::bm1684x
