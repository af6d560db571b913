// The long TIU form: 1024 bits, one layout for all tasks. Fields move between it and the short forms by name.
//   source: regdef_tiu.json (long forms share one field list), TIU.md section 1
#pragma once

#include <string_view>

namespace tpuc::bm1684x {

struct LongField {
  std::string_view name;
  int low, width;
};
inline constexpr int kLongBits = 1024;
inline constexpr LongField kLongFields[] = {
    {"cmd_short", 0, 1},      {"cmd_id", 1, 20},        {"cmd_id_dep", 21, 20},   {"tsk_typ", 41, 4},
    {"tsk_eu_typ", 45, 5},    {"eu_half_en", 50, 1},    {"tsk_opd_num", 51, 2},   {"pad_mode", 53, 2},
    {"cmd_id_en", 55, 4},     {"pwr_step", 59, 4},      {"intr_en", 63, 1},       {"res_add", 64, 1},
    {"relu", 65, 1},          {"left_tran", 66, 1},     {"kernel_rotate", 68, 1}, {"opd0_sign", 69, 1},
    {"opd1_sign", 70, 1},     {"opd2_sign", 71, 1},     {"res0_prec", 72, 3},     {"opd0_prec", 75, 3},
    {"opd1_prec", 78, 3},     {"opd2_prec", 81, 3},     {"opd0_const", 84, 1},    {"opd1_const", 85, 1},
    {"opd2_const", 86, 1},    {"res0_str", 87, 3},      {"opd0_str", 90, 3},      {"opd1_str", 93, 3},
    {"opd2_str", 96, 3},      {"res_add_sign", 99, 1},  {"opd3_const", 126, 1},   {"opd0_x_ins0", 128, 4},
    {"opd0_y_ins0", 132, 4},  {"opd1_x_ins0", 136, 4},  {"opd1_y_ins0", 140, 4},  {"opd0_up_pad", 144, 4},
    {"opd0_dn_pad", 148, 4},  {"opd0_lf_pad", 152, 4},  {"opd0_rt_pad", 156, 4},  {"res_op_x_str", 160, 4},
    {"res_op_y_str", 164, 4}, {"res0_h_shift", 168, 4}, {"res0_w_shift", 172, 4}, {"opd0_h_shift", 176, 4},
    {"opd0_w_shift", 180, 4}, {"opd1_h_shift", 184, 4}, {"opd1_w_shift", 188, 4}, {"tsk_lane_num", 192, 64},
    {"res0_n", 256, 16},      {"res0_c", 272, 16},      {"res0_h", 288, 16},      {"res0_w", 304, 16},
    {"opd0_n", 320, 16},      {"opd0_c", 336, 16},      {"opd0_h", 352, 16},      {"opd0_w", 368, 16},
    {"opd1_n", 384, 16},      {"opd1_c", 400, 16},      {"opd1_h", 416, 16},      {"opd1_w", 432, 16},
    {"res0_n_str", 448, 16},  {"res0_c_str", 464, 16},  {"opd0_n_str", 480, 16},  {"opd0_c_str", 496, 16},
    {"opd1_n_str", 512, 16},  {"opd1_c_str", 528, 16},  {"opd2_n_str", 544, 16},  {"opd2_c_str", 560, 16},
    {"res0_addr", 576, 32},   {"opd0_addr", 608, 32},   {"opd1_addr", 640, 32},   {"opd2_addr", 672, 32},
    {"res0_h_str", 704, 32},  {"res0_w_str", 736, 32},  {"opd0_h_str", 768, 32},  {"opd0_w_str", 800, 32},
    {"opd1_h_str", 832, 32},  {"opd1_w_str", 864, 32},  {"opd2_h_str", 896, 32},  {"opd2_w_str", 928, 32},
    {"res1_addr", 960, 32},   {"opd3_addr", 992, 32}};
inline constexpr LongField kLaneMaskField = {"tsk_lane_num", 192, 64};

// The field of that name, or null when the long form has none.
constexpr const LongField* find_long_field(std::string_view name) {
  for (const LongField& f : kLongFields)
    if (f.name == name) return &f;
  return nullptr;
}

}  // namespace tpuc::bm1684x
