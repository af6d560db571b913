// See the header.
#include "backends/bm1684x/kernels/conv_geometry.h"

#include <fmt/core.h>

#include <algorithm>

#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/integer_sum.h"
#include "ops/quantize.h"

namespace tpuc::bm1684x {

namespace {

using ops::Conv2d;
using ops::ConvTranspose2d;

Shape4 shape4(const Value* v) {
  const Dims& d = v->type.dims;
  return {d[0], d[1], d[2], d[3]};
}

ConvAxis conv_axis(const Op& op, size_t axis) {
  ConvAxis x;
  x.kernel = op.in(1)->type.dims[axis + 2];
  x.in = op.in(0)->type.dims[axis + 2];
  x.out = op.out(0)->type.dims[axis + 2];
  if (op.is<Conv2d>()) {
    const auto& a = op.attrs<Conv2d>();
    x.stride = a.strides[axis];
    x.dilation = a.dilations[axis];
    x.pad_before = a.pads[axis];
  } else {
    const auto& a = op.attrs<ConvTranspose2d>();
    x.spread = x.in == 1 ? 1 : a.strides[axis];
    x.dilation = a.dilations[axis];
    x.pad_before = (x.kernel - 1) * x.dilation - a.pads[axis];
  }
  if (x.out == 1) x.stride = 1;  // one window goes nowhere
  if (x.kernel == 1) x.dilation = 1;
  return x;
}

Support axis_support(const ConvAxis& x, std::string_view name) {
  if (x.spread > kMaxConvStep)
    return {false,
            fmt::format("{} stride {} of a transposed convolution exceeds 15 (TIU.md section 4)", name, x.spread)};
  return {};
}

// One command for each tap reads pixels, not what lies between them.
Support by_tap_support(const ConvGeometry& g) {
  if (!g.is_by_tap()) return {};
  if (std::max(g.h.spread, g.w.spread) > 1)
    return {false, fmt::format("dilation {} of a strided transposed convolution exceeds 15 (TIU.md section 4)",
                               std::max(g.h.dilation, g.w.dilation))};
  if (g.out[2] > 1 && g.h.stride * (g.in[3] + g.w.pad_before + g.w.reach()) > kMaxStride16)
    return {false, fmt::format("rows {} apart of {} elements leave a convolution's 16-bit strides (TIU.md section 2)",
                               g.h.stride, g.in[3])};
  return {};
}

Support integer_support(const Op& op, const ConvGeometry& g) {
  if (op.in(3) != nullptr && g.opt_rq == nullptr) return {false, "the scales of the requantization are computed"};
  if (g.in_per_group * g.taps() > ops::kMostFilterTerms)
    return {false, fmt::format("sums of {} products of bytes may leave int32", g.in_per_group * g.taps())};
  if (g.groups > 1 && g.filter_zero != 0) return {false, "filters of groups have a zero point"};
  return {};
}

// A picture comes from DDR, where the loads fold its rows: it would fill a few lanes only. So does what is made of it
// element by element.
bool is_picture(const Value& x) {
  if (x.def == nullptr) return true;
  return (x.def->is<ops::Quantize>() || x.def->is<ops::Cast>()) && x.def->in(0)->def == nullptr;
}

// Cycles of folding rows in local memory: each is filled, shifted and copied to other lanes.   source: CYCLES.md
// section 2: a strided operand takes as many cycles as its rows are apart; copies within a bank take two.
int64_t fold_cycles(const ConvGeometry& g) {
  const int64_t per_lane = kEuBytes / size_of(g.prec);
  const int64_t shift = g.h.stride == 1 ? 1 : ceil_div(g.h.stride * g.in[3], per_lane);
  return g.h.kernel * g.in[0] * ceil_div(g.out[2] * g.in[3], per_lane) * (3 + shift);
}

// Cycles of folding them by loads: once for each filter row, in short bursts where some are left out; and what made the
// input cannot leave it in local memory. With less speed than the DMA has: the gain must be clear.
int64_t fold_load_cycles(const ConvGeometry& g) {
  constexpr int64_t kBytesPerCycle = 40, kFullBurst = 256;
  const int64_t row_bytes = g.in[0] * g.in[1] * g.in[3] * size_of(g.prec);
  const int64_t burst = g.h.stride == 1 ? kFullBurst : std::min(kFullBurst, g.in[3] * size_of(g.prec));
  return (g.h.kernel * g.out[2] * row_bytes * kFullBurst / burst + g.in[2] * row_bytes) / kBytesPerCycle;
}

// No window lies in the padding beside the rows alone, and commands have fields for all of it.
bool sees_pixels(const ConvAxis& w) {
  return w.pad_before < w.kernel && w.reach() <= kMaxConvStep && (w.out - 1) * w.stride - w.pad_before < w.in;
}

// A convolution of few channels with the rows of its filter as channels: the array sums up 32 channels of halves, 64 of
// bytes at once.   source: COOKBOOK.md section 1, "Few input channels"; CYCLES.md section 2
void fold(ConvGeometry& g, const Value& input) {
  const ConvAxis& h = g.h;
  const bool fits = !g.is_transposed && g.groups == 1 && g.merged == 1 && g.prec != Prec::F32 &&
                    g.opt_filter != nullptr && !g.is_by_tap() && h.dilation == 1 && h.kernel > 1 &&
                    h.kernel * g.in[1] <= kLanes;
  if (!fits) return;
  const int64_t block = kEuBytes / size_of(g.prec);
  const int64_t places = g.out[0] * ceil_div(g.out[1], kLanes) * ceil_div(g.out[2] * g.out[3], int64_t{4});
  const int64_t saved =
      places * g.w.kernel * (h.kernel * ceil_div(g.in[1], block) - ceil_div(h.kernel * g.in[1], block));
  const bool is_made_here = !is_picture(input) && sees_pixels(g.w);
  if (saved < (is_made_here ? fold_cycles(g) : fold_load_cycles(g))) return;
  g.folds_here = is_made_here;
  g.folded = {h.kernel, h.stride, h.pad_before, g.in[2], static_cast<uint32_t>(g.pad_value) & 0xff};
  g.in_per_group = g.in[1] *= g.folded.count;
  g.in[2] = g.out[2];
  g.unfolded_h = g.h;
  g.h = {1, 1, 1, 1, 0, g.out[2], g.out[2]};
}

// Groups of few channels side by side, as many as the array takes at once: the commands are fewer, and the filters,
// which are packed in whole blocks of channels, no longer. exact: products with zero change no sum.
//   source: TIU.md section 4; CYCLES.md section 2
void merge_groups(ConvGeometry& g) {
  if (g.groups == 1 || g.filter_zero != 0 || g.is_by_channel() || g.prec == Prec::F32 || g.opt_filter == nullptr)
    return;
  const int64_t most = std::min(kEuBytes / size_of(g.prec) / g.in_per_group, kLanes / g.out_per_group);
  for (int64_t m = 2; m <= std::min(most, g.groups); ++m)
    if (g.groups % m == 0) g.merged = m;
  g.groups /= g.merged;
  g.in_per_group *= g.merged;
  g.out_per_group *= g.merged;
}

// Groups, and all that is there for integers only.
template <class Attrs>
void read_attrs(ConvGeometry& g, const Op& op, const Attrs& a) {
  g.groups = a.group;
  g.pad_value = a.pad_value;
  g.is_integer = !is_float(op.in(0)->type.dtype);
  if constexpr (std::is_same_v<Attrs, Conv2d::Attrs>) g.filter_zero = a.filter_zero;
  g.in_signed = op.in(0)->type.dtype != DType::U8;
  g.out_signed = a.to != DType::U8;
  g.opt_rq = op.in(3) != nullptr && op.in(3)->is_constant() ? &op.in(3)->tensor() : nullptr;
}

}  // namespace

AxisNeed axis_need(const ConvAxis& axis, int64_t out_begin, int64_t out_count, int64_t most_pad) {
  const int64_t image = (axis.in - 1) * axis.spread + 1;
  const int64_t low = out_begin * axis.stride - axis.pad_before;
  const int64_t high = (out_begin + out_count - 1) * axis.stride - axis.pad_before + axis.reach() - 1;
  const int64_t first = ceil_div(std::max<int64_t>(low, 0), axis.spread);
  int64_t last = std::min(high, image - 1) < 0 ? -1 : std::min(high, image - 1) / axis.spread;
  AxisNeed need;
  need.is_empty = first > last;
  if (need.is_empty) {
    need.begin = std::clamp<int64_t>(first, 0, axis.in - 1);
    return need;
  }
  // Rows behind the last window are included: the chip skips them, and a whole input stays a whole input.
  if (out_begin + out_count == axis.out && high < image && image - 1 - high < axis.stride) last = axis.in - 1;
  need.begin = first;
  need.count = last - first + 1;
  need.pad_before = std::max<int64_t>(0, first * axis.spread - low);
  need.pad_after = std::max<int64_t>(0, high - last * axis.spread);
  need.extra_before = ceil_div(std::max<int64_t>(0, need.pad_before - most_pad), axis.spread);
  need.extra_after = ceil_div(std::max<int64_t>(0, need.pad_after - most_pad), axis.spread);
  need.pad_before -= need.extra_before * axis.spread;
  need.pad_after -= need.extra_after * axis.spread;
  return need;
}

bool ConvGeometry::has_long_strides() const { return std::max(h.stride, w.stride) > kMaxConvStep; }
bool ConvGeometry::has_long_dilations() const { return std::max(h.dilation, w.dilation) > kMaxConvStep; }

ConvGeometry conv_geometry(const Op& op) {
  const Dims& f = op.in(1)->type.dims;
  ConvGeometry g;
  g.is_transposed = op.is<ConvTranspose2d>();
  g.is_transposed ? read_attrs(g, op, op.attrs<ConvTranspose2d>()) : read_attrs(g, op, op.attrs<Conv2d>());
  g.filter_is_oihw = !g.is_transposed || op.attrs<ConvTranspose2d>().filter == ops::FilterOrder::Oihw;
  g.in_per_group = g.filter_is_oihw ? f[1] : f[0] / g.groups;
  g.out_per_group = g.filter_is_oihw ? f[0] / g.groups : f[1];
  g.h = conv_axis(op, 0);
  g.w = conv_axis(op, 1);
  g.in = shape4(op.in(0));
  g.out = shape4(op.out(0));
  g.prec = prec_of(op.in(0)->type.dtype);
  g.opt_filter = op.in(1)->is_constant() ? &op.in(1)->tensor() : nullptr;
  g.has_bias = op.in(2) != nullptr;
  g.opt_bias = g.has_bias && op.in(2)->is_constant() ? &op.in(2)->tensor() : nullptr;
  merge_groups(g);
  fold(g, *op.in(0));
  return g;
}

Support conv_supports(const Op& op, DType) {
  const DType x = op.in(0)->type.dtype;
  const ConvGeometry g = conv_geometry(op);
  for (const auto& [axis, name] : {std::pair{g.h, "h"}, std::pair{g.w, "w"}})
    if (Support s = axis_support(axis, name); !s.ok) return s;
  if (Support s = by_tap_support(g); !s.ok) return s;
  if (g.is_integer)
    if (Support s = integer_support(op, g); !s.ok) return s;
  if (g.opt_filter != nullptr) return {};
  if (!g.is_integer && op.in(1)->type.dtype != x)
    return {false,
            fmt::format("the run-time filter is {}, the input {}", to_string(op.in(1)->type.dtype), to_string(x))};
  if (!g.filter_is_oihw) return {false, "the run-time filter is in iohw order; rule reorder-run-time-filter turns it"};
  if (g.in_per_group * g.taps() > kMaxDim)
    return {false, fmt::format("the run-time filter has {} elements for an output channel, at most 65535 are loaded",
                               g.in_per_group * g.taps())};
  return {};
}

}  // namespace tpuc::bm1684x
