// quantize, dequantize, requantize: between real numbers, wide integers and bytes; joins the other files of the family
// (quantize_*.cc). Bit-exact.   source: TIU.md sections 3, 6 and 10, COOKBOOK.md section 7
#include "ops/quantize.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/conv_geometry.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/quantize_lut.h"
#include "backends/bm1684x/kernels/quantize_sum.h"
#include "ops/conv.h"

namespace tpuc::bm1684x {

namespace {

// f64 and i64 become f32 and i32 before they reach the chip.
Support view_support(const Op& op, DType) {
  const Dims& d = op.in(0)->type.dims;
  if (std::any_of(d.begin(), d.end(), [](int64_t n) { return n == 0; })) return {false, "there are no elements"};
  return {};
}

Support quantize_support(const Op& op, DType precision) {
  if (op.attrs<ops::Quantize>().divides) return {false, "the chip multiplies by the reciprocal of the scale"};
  return view_support(op, precision);
}

// Takes its operand from DDR, row by row.
bool folds_rows(const Op& user) {
  if (!user.is<ops::Conv2d>()) return false;
  const ConvGeometry g = conv_geometry(user);
  return g.folded.count > 0 && !g.folds_here;
}

// A picture has few channels and would keep few lanes busy: where it goes through DDR anyway its elements are spread
// over all. Other tensors are seen as their makers and users see them.
Views quantize_views(const Op& op) {
  const Dims& d = op.in(0)->type.dims;
  const bool is_picture = op.in(0)->def == nullptr && d.size() == 4 && d[1] < kLanes / 2;
  const auto& users = op.out(0)->uses;
  const bool is_local = std::none_of(users.begin(), users.end(), [](const Op* user) { return folds_rows(*user); });
  const Split split = is_picture && !is_local ? split_count(element_count(d)) : Split{};
  if (split.channels == 1) return one_operand_views(op);
  const View v = row_major({1, split.channels, 1, split.width});
  return {{v}, v};
}

// Scratch 0: halves in f32; 1: scaled.
Footprint quantize_footprint(const Op& op, const Region& out) {
  const int64_t bytes = aligned_bytes(Prec::F32, out.extent);
  return {.scratch = {is_half(prec_of(op.in(0)->type.dtype)) ? bytes : 0, bytes}};
}

void emit_quantize(const Op& op, const TileCtx& t, Emitter& e) {
  const auto& a = op.attrs<ops::Quantize>();
  const LocalTensor out = t.output(), scaled = aligned(t.scratch[1], Prec::F32, out.dims);
  LocalTensor x = t.input(0, t.region);
  if (x.prec != Prec::F32) {
    const LocalTensor wide = aligned(t.scratch[0], Prec::F32, out.dims);
    e.cast(wide, x);
    x = wide;
  }
  const Arg inverse = Arg::f32(1 / a.scale), zero = Arg::f32(static_cast<float>(a.zero));
  if (a.zero != 0 && x.is_aligned()) {
    e.lin(scaled, x, inverse, zero);
  } else {
    e.ar(ArOp::Mul, scaled, x, inverse);
    if (a.zero != 0) e.ar(ArOp::Add, scaled, scaled, zero);
  }
  e.unary(ArOp::Cast, out, scaled, {.out_signed = a.to == DType::I8});
}

// Scratch 0: i32 less the zero point; 1: f32, of i32 before the scale and of halves before the rounding.
Footprint dequantize_footprint(const Op& op, const Region& out) {
  const bool is_wide = op.in(0)->type.dtype == DType::I32;
  const int64_t bytes = aligned_bytes(Prec::F32, out.extent);
  return {.scratch = {is_wide ? bytes : 0, is_wide || op.out(0)->type.dtype != DType::F32 ? bytes : 0}};
}

void dequantize_wide(const ops::Dequantize::Attrs& a, const TileCtx& t, Emitter& e) {
  const LocalTensor out = t.output(), real = aligned(t.scratch[1], Prec::F32, out.dims);
  const LocalTensor difference = aligned(t.scratch[0], Prec::I32, out.dims), scaled = difference.as(Prec::F32);
  LocalTensor x = t.input(0, t.region);
  if (a.zero != 0) {
    e.ar(ArOp::Sub, difference, x, Arg::constant(static_cast<uint32_t>(a.zero)));
    x = difference;
  }
  e.cast(real, x);
  e.ar(ArOp::Mul, out.prec == Prec::F32 ? out : scaled, real, Arg::f32(a.scale));
  if (out.prec != Prec::F32) e.cast(out, scaled);
}

void emit_dequantize(const Op& op, const TileCtx& t, Emitter& e) {
  const auto& a = op.attrs<ops::Dequantize>();
  const DType from = op.in(0)->type.dtype;
  if (from == DType::I32) return dequantize_wide(a, t, e);
  const LocalTensor x = t.input(0, t.region), out = t.output();
  const LocalTensor real = out.prec == Prec::F32 ? out : aligned(t.scratch[1], Prec::F32, out.dims);
  e.dequantize(real, x, a.scale, static_cast<int32_t>(a.zero), is_signed(from));
  if (out.prec != Prec::F32) e.cast(out, real);
}

bool is_per_channel(const Op& op) { return op.in(1)->type.dims[1] != 1; }

// The axis with scales in lanes: [before, C, 1, behind], rank 4 and its second axis as they are.
Shape4 channel_shape(const Op& op) {
  const Dims& d = op.in(0)->type.dims;
  const auto axis = static_cast<size_t>(op.attrs<ops::Requantize>().axis);
  Shape4 s{1, d[axis], 1, 1};
  for (size_t i = 0; i < d.size(); ++i)
    if (i != axis) s[i < axis ? 0 : 3] *= d[i];
  if (d.size() == 4 && axis == 1) s = {d[0], d[1], d[2], d[3]};
  if (s[3] > kMaxDim) {
    const Split split = split_count(s[3]);
    s[2] = split.channels, s[3] = split.width;
  }
  return s;
}

Support requantize_support(const Op& op, DType precision) {
  if (!op.in(1)->is_constant()) return {false, "the scales are computed at run time"};
  return view_support(op, precision);
}

Views requantize_views(const Op& op) {
  if (!is_per_channel(op)) return one_operand_views(op);
  const View v = row_major(channel_shape(op));
  return {{v, View{}}, v};
}

// Scratch 0: bytes in 16 bits, which the command takes.
Footprint requantize_footprint(const Op& op, const Region& out) {
  const bool is_wide = prec_of(op.in(0)->type.dtype) != Prec::I8;
  std::vector<int64_t> scratch{is_wide ? 0 : aligned_bytes(Prec::I16, out.extent)};
  if (!is_per_channel(op)) return {.scratch = std::move(scratch)};
  return {.scratch = std::move(scratch),
          .image_bytes = ceil_div(out.extent[1], kLanes) * kRequantRowBytes,
          .image_lanes = std::min(kLanes, out.extent[1])};
}

std::vector<std::byte> pack_requantize(const Op& op, const Region& out) {
  const Footprint f = requantize_footprint(op, out);
  const auto rq = op.in(1)->tensor().as<float>();
  std::vector<std::byte> image(static_cast<size_t>(f.image_bytes * f.image_lanes));
  for (int64_t c = 0; c < out.extent[1]; ++c) {
    const auto at = static_cast<size_t>(out.begin[1] + c);
    const float pair[] = {rq[at], rq[rq.size() / 2 + at]};
    std::memcpy(image.data() + c % kLanes * f.image_bytes + c / kLanes * kRequantRowBytes, pair, sizeof(pair));
  }
  return image;
}

void emit_requantize(const Op& op, const TileCtx& t, Emitter& e) {
  const RequantArgs signs{.in_signed = true, .out_signed = op.out(0)->type.dtype == DType::I8};
  const LocalTensor out = t.output();
  LocalTensor x = t.input(0, t.region);
  if (x.prec == Prec::I8) {
    const LocalTensor wide = aligned(t.scratch[0], Prec::I16, out.dims);
    e.unary(ArOp::Cast, wide, x, {.a_signed = op.in(0)->type.dtype == DType::I8});
    x = wide;
  }
  if (is_per_channel(op)) return e.requantize(out, x, t.image, signs);
  const auto rq = op.in(1)->tensor().as<float>();
  e.requantize(out, x, rq[0], rq[1], signs);
}

Kernel one_operand(std::string_view name, Footprint (*footprint)(const Op&, const Region&),
                   void (*emit)(const Op&, const TileCtx&, Emitter&)) {
  return {.op = name,
          .supports = view_support,
          .views = one_operand_views,
          .axes = all_axes,
          .needs = one_operand_needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> quantize_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> all{one_operand(ops::Quantize::kName, quantize_footprint, emit_quantize),
                            one_operand(ops::Dequantize::kName, dequantize_footprint, emit_dequantize),
                            one_operand(ops::Requantize::kName, requantize_footprint, emit_requantize),
                            lut_kernel(),
                            weighted_sum_kernel(),
                            scaled_product_kernel()};
    all[0].supports = quantize_support;
    all[0].views = quantize_views;
    Kernel& requantize = all[2];
    requantize.supports = requantize_support;
    requantize.views = requantize_views;
    requantize.pack = pack_requantize;
    return all;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
