// Prices of TIU commands.   source: CYCLES.md section 2 with the corrections of section 7
#include <algorithm>

#include "backends/bm1684x/cycles/cycles.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint64_t kLanes = 64, kLaneCycleBytes = 64;  // bytes per lane and cycle

// Elements per lane and cycle.
uint64_t eu(Prec p) { return kLaneCycleBytes / size_of(p); }

// Rows of 64 lanes that c channels cover from the lane of a result address.
uint64_t rows(uint64_t c, uint32_t addr) { return ceil_div(c + (addr >> 18), kLanes); }

bool same_bank(uint32_t a, uint32_t b) { return a >> 14 == b >> 14; }

// Positions and input channels that the convolution array takes per lane and cycle.
struct ArrayShape {
  uint64_t positions, channels;
};
ArrayShape conv_array(Prec p) {
  switch (size_of(p)) {
    case 1:
      return {4, 64};
    case 2:
      return {4, 32};
  }
  return {16, 1};
}

Cost price(const Conv& i) {
  const ArrayShape array = conv_array(i.opd0_prec);
  const uint64_t kernel = uint64_t{i.opd1_h} * i.opd1_w, pixels = uint64_t{i.res0_h} * i.res0_w;
  Cost cost;
  cost.cycles = i.res0_n * ceil_div<uint64_t>(i.res0_c, kLanes) * ceil_div(pixels, array.positions) *
                ceil_div<uint64_t>(i.opd0_c, array.channels) * kernel;
  cost.macs = uint64_t{i.res0_n} * i.res0_c * pixels * i.opd0_c * kernel;
  cost.mac_type = i.opd0_prec;
  return cost;
}

Cost price(const Pord& i) {
  constexpr uint64_t kStridedFactor = 3;  // both strides 2 or more
  const uint64_t e = eu(i.res0_prec), kernel = uint64_t{i.opd1_h} * i.opd1_w, h = i.res0_h, w = i.res0_w;
  const bool roi = i.eu >= PordOp::RoiDepthwise;
  const uint64_t steps = i.opd1_h == 1 ? h * ceil_div(w, e) : ceil_div(h * w, e);
  const bool strided = !roi && std::min(i.res_op_x_str, i.res_op_y_str) >= 2;
  Cost cost;
  cost.cycles = i.res0_n * rows(i.res0_c, i.res0_addr) * kernel * steps * (strided ? kStridedFactor : 1);
  if (i.eu == PordOp::Depthwise || i.eu == PordOp::DepthwiseRelu || i.eu == PordOp::RoiDepthwise)
    cost.macs = uint64_t{i.res0_n} * i.res0_c * h * w * kernel;
  cost.mac_type = i.opd0_prec;
  return cost;
}

Cost price(const Mm& i) {
  const uint64_t columns = uint64_t{i.opd0_c - 1} * i.opd0_w + i.opd1_w, left_rows = i.opd0_n;
  const uint64_t m = i.left_tran != 0 ? columns : left_rows, k = i.left_tran != 0 ? left_rows : columns;
  // A row for the bias, unless it is constant; in integer mm.normal the operand is a shift.
  const bool bias = i.opd2_const == 0 && !(i.eu == MmOp::Normal && i.opd0_prec != Prec::F32);
  Cost cost;
  cost.cycles = rows(i.res0_c, i.res0_addr) * m * (k + (bias ? 1 : 0) + (i.res_add != 0 ? 1 : 0)) *
                ceil_div<uint64_t>(i.res0_w, eu(i.opd0_prec));
  cost.macs = m * i.res0_c * i.res0_w * k;
  cost.mac_type = i.opd0_prec;
  return cost;
}

Cost price(const Mm2& i) {
  constexpr uint64_t kColumnsPerCycle = 4;
  const uint64_t k = i.eu == Mm2Op::Nn ? i.opd1_c : i.opd1_w, e = eu(i.opd0_prec);
  Cost cost;
  cost.cycles = ceil_div<uint64_t>(i.res0_c, kLanes) * ceil_div<uint64_t>(i.res0_w, kColumnsPerCycle) * ceil_div(k, e);
  cost.macs = uint64_t{i.res0_c} * i.res0_w * k;
  cost.mac_type = i.opd0_prec;
  return cost;
}

// Cycles per step that an operand's strides cost; constants and the aligned layout are free.
uint64_t stride_factor(uint64_t h_stride, uint64_t w_stride, bool strided, uint64_t width, uint64_t e) {
  if (!strided) return 0;
  if (w_stride > 1) return std::min(w_stride, e);
  return h_stride == 0 || h_stride == width ? 1 : ceil_div(h_stride, e);
}

// Operations that pay twice when the result overwrites an operand, by how many operands they look at.
int operands_watched(ArOp op) {
  switch (static_cast<uint32_t>(op)) {
    case 1:   // not
    case 6:   // logic shift
    case 14:  // cast
    case 21:  // arithmetic shift
    case 22:  // circular shift
    case 26:  // abs
      return 1;
    case 0:
    case 2:
    case 3:
    case 4:
    case 5:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 15:
    case 16:
    case 20:
    case 23:
    case 27:
      return 2;
  }
  return 0;
}

Cost price(const Ar& i) {
  const bool one = i.tsk_opd_num == 1, no_b = i.opd1_const != 0 || one;
  const uint64_t e = std::min({eu(i.opd0_prec), eu(one ? i.opd0_prec : i.opd1_prec), eu(i.res0_prec)});
  const auto strided = [](Layout layout) { return layout != Layout::Aligned; };
  const uint64_t w = i.res0_w;
  const uint64_t r = stride_factor(i.res0_h_str, i.res0_w_str, strided(i.res0_str), w, e);
  const uint64_t ab = stride_factor(i.opd0_h_str, i.opd0_w_str, i.opd0_const == 0 && strided(i.opd0_str), w, e) +
                      stride_factor(i.opd1_h_str, i.opd1_w_str, !no_b && strided(i.opd1_str), w, e);
  const uint64_t base = i.res0_n * rows(i.res0_c, i.res0_addr) * ceil_div(i.res0_h * w, e);
  Cost cost;
  if (i.eu == ArOp::Div) {
    const uint64_t iterations = uint64_t{i.opd2_n_str} + 1;
    cost.cycles = base * std::max({8 * iterations + 7, ab, r});
    return cost;
  }
  const int watched = operands_watched(i.eu);
  const bool in_place = (watched >= 1 && i.opd0_const == 0 && i.res0_addr == i.opd0_addr) ||
                        (watched >= 2 && !no_b && i.res0_addr == i.opd1_addr);
  cost.cycles = base * std::max({uint64_t{1}, ab, r}) * (in_place ? 2 : 1);
  return cost;
}

Cost price(const RqDq& i) {
  constexpr uint64_t kElementsPerCycle = 16;  // of any type
  const uint64_t steps = ceil_div(uint64_t{i.res0_h} * i.res0_w, kElementsPerCycle);
  return {.cycles = i.res0_n * rows(i.res0_c, i.res0_addr) * steps * (same_bank(i.opd0_addr, i.res0_addr) ? 2 : 1)};
}

Cost price(const TransBc& i) {
  const uint64_t e = eu(i.res0_prec), hw = uint64_t{i.res0_h} * i.res0_w;
  const uint64_t collision = same_bank(i.opd0_addr, i.res0_addr) ? 2 : 1;
  switch (i.eu) {
    case TransOp::Cw:
    case TransOp::Wc:  // both directions go by the source's channels, which are the result's w
      return {.cycles = uint64_t{i.res0_n} * i.res0_h * ceil_div<uint64_t>(i.res0_w, e)};
    case TransOp::LaneCopy:
      return {.cycles = i.res0_n * rows(i.res0_c, i.res0_addr) * ceil_div(hw, e) * collision};
    case TransOp::LaneBroadcast:
      return {.cycles = i.res0_n * rows(1, i.res0_addr) * ceil_div(hw, e) * collision};
    case TransOp::StaticBroadcast:
      return {.cycles = ceil_div<uint64_t>(i.res0_w, e)};
    case TransOp::StaticDistribute:
      return {.cycles = ceil_div<uint64_t>(i.res0_c, e)};
  }
  return {};
}

// Elements along which a gather or scatter runs.
uint64_t gather_width(const Sg& i) {
  switch (static_cast<uint32_t>(i.eu)) {
    case 0:
    case 1:
    case 5:
    case 7:
    case 13:
      return i.res0_w;
    case 2:
      return uint64_t{i.res0_h} * i.res0_w;
    case 3:
    case 4:
      return i.opd1_c;
    case 6:
    case 10:
    case 14:
      return i.opd1_w;
  }
  return i.opd0_w;
}

Cost price(const Sg& i) {
  const uint64_t x = i.res0_n * rows(i.res0_c, i.res0_addr) * gather_width(i);
  uint64_t cycles = x;
  switch (static_cast<uint32_t>(i.eu)) {
    case 7:  // four banks at a time
      cycles = x / 4;
      break;
    case 11:
    case 12:
      cycles = 1;
      break;
    case 13:
    case 14:
    case 16:
      cycles = x * 3 / 2;
      break;
    case 15:
      cycles = x * 3;
      break;
  }
  return {.cycles = std::max<uint64_t>(cycles, 1)};
}

Cost price(const Sgl& i) {
  const uint64_t lines = i.eu == SglOp::ScatterLine ? i.opd0_h : i.res0_h;
  return {.cycles = 2 * i.res0_n * lines * rows(i.res0_c, i.res0_addr) * ceil_div<uint64_t>(i.res0_w, eu(i.res0_prec))};
}

// Element-wise commands: n * rows * ceil(h * w / EU), times `factor`.
uint64_t elementwise(uint64_t n, uint64_t c, uint64_t hw, Prec p, uint32_t addr, uint64_t factor) {
  return n * rows(c, addr) * ceil_div(hw, eu(p)) * factor;
}

Cost price(const Sfu& i) {
  constexpr uint64_t kRsqrtSteps = 30;
  const bool taylor = i.eu == SfuOp::Taylor4x || i.eu == SfuOp::Taylor;
  const uint64_t factor = taylor ? i.opd1_n : i.eu == SfuOp::Rsqrt ? kRsqrtSteps : 1;
  return {.cycles = elementwise(i.res0_n, i.res0_c, uint64_t{i.res0_h} * i.res0_w, i.opd0_prec, i.res0_addr, factor)};
}

Cost price(const Lin& i) {
  return {.cycles = elementwise(i.res0_n, i.res0_c, uint64_t{i.res0_h} * i.res0_w, i.res0_prec, i.res0_addr, 1)};
}

Cost price(const Cmp& i) {
  return {.cycles = elementwise(i.res0_n, i.res0_c, uint64_t{i.res0_h} * i.res0_w, i.opd0_prec, i.res0_addr, 2)};
}

Cost price(const Vc& i) {
  const uint64_t n = uint64_t{i.opd0_c - 1} * i.opd0_w + i.opd1_w;
  const uint64_t e = std::min({eu(i.opd0_prec), eu(i.opd1_prec), eu(i.res0_prec)});
  return {.cycles = n * rows(i.res0_c, i.res0_addr) * ceil_div<uint64_t>(i.res0_w, e)};
}

Cost price(const SysId&) { return {}; }

}  // namespace

Cost cost_of(const TiuInstr& instr) {
  return std::visit([](const auto& i) { return price(i); }, instr);
}

uint64_t peak_macs_per_cycle(Prec type) {
  const ArrayShape array = conv_array(type);
  return kLanes * array.positions * array.channels;
}

}  // namespace tpuc::bm1684x
