// prelu(x, slope) in the elements' own type. Constant slopes of one value or one per channel stand in the constant
// image, others are loaded like any operand.   source: TIU.md section 3
#include "backends/bm1684x/kernels/activation_prelu.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/conv_pack.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/activation.h"

namespace tpuc::bm1684x {

namespace {

std::optional<Views> try_views(const Op& op) {
  const Dims* in[] = {&op.in(0)->type.dims, &op.in(1)->type.dims};
  return broadcast_views(op.out(0)->type.dims, in);
}

// One slope per channel of the view, or one for all.
bool is_in_image(const Op& op, const Views& v) {
  const Shape4& d = v.in[1].dims;
  return op.in(1)->is_constant() && d[0] == 1 && d[2] == 1 && d[3] == 1 && (d[1] == v.out.dims[1] || d[1] == 1);
}

Support supports(const Op& op, DType precision) {
  if (Support s = one_operand_support(op, precision); !s.ok) return s;
  const auto v = try_views(op);
  if (!v)
    return {false,
            fmt::format("the slope {} broadcasts over more than four groups of axes", to_string(op.in(1)->type.dims))};
  if (!is_in_image(op, *v) && op.in(1)->type.dtype != op.in(0)->type.dtype)
    return {false,
            fmt::format("x is {} and the slope {}", to_string(op.in(0)->type.dtype), to_string(op.in(1)->type.dtype))};
  return {};
}

Views views(const Op& op) { return try_views(op).value(); }

std::vector<Need> needs(const Op& op, const Region& out) {
  const Views v = views(op);
  return {{Need::Kind::Box, out}, is_in_image(op, v) ? Need{} : broadcast_need(v.in[1], v.out, out)};
}

int64_t rows(const Region& out) { return ceil_div(out.extent[1], kLanes); }

Footprint footprint(const Op& op, const Region& out) {
  const Prec prec = prec_of(op.out(0)->type.dtype);
  const int64_t one = aligned_bytes(prec, out.extent);
  Footprint f{.scratch = {one, one}};
  if (!is_in_image(op, views(op))) return f;
  f.image_bytes = align_up(rows(out) * int64_t{size_of(prec)}, int64_t{4});
  f.image_lanes = std::min(kLanes, out.extent[1]);
  return f;
}

std::vector<std::byte> pack(const Op& op, const Region& out) {
  const Tensor& slope = op.in(1)->tensor();
  const Footprint f = footprint(op, out);
  const Prec prec = prec_of(op.out(0)->type.dtype);
  std::vector<std::byte> image(static_cast<size_t>(f.image_bytes * f.image_lanes));
  for (int64_t c = 0; c < out.extent[1]; ++c) {
    const float value = float_at(slope, slope.count() == 1 ? 0 : out.begin[1] + c);
    const uint32_t bits = Arg::real(prec, value).bits;
    std::memcpy(image.data() + c % kLanes * f.image_bytes + c / kLanes * size_of(prec), &bits, size_of(prec));
  }
  return image;
}

// Known slopes of at most 1 allow max(x, slope * x).
bool all_at_most_one(const Op& op) {
  if (!op.in(1)->is_constant()) return false;
  const auto s = op.in(1)->tensor().to_f32();
  return std::all_of(s.begin(), s.end(), [](float x) { return x <= 1; });
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const auto n = needs(op, t.region);
  const LocalTensor x = t.input(0, t.region), out = t.output();
  const LocalTensor a = aligned(t.scratch[0], out.prec, out.dims), b = aligned(t.scratch[1], out.prec, out.dims);
  const LocalTensor slope =
      n[1].kind == Need::Kind::Nothing ? compact(t.image, out.prec, {1, out.dims[1], 1, 1}) : t.input(1, n[1].box);
  if (all_at_most_one(op)) {
    e.ar(ArOp::Mul, a, x, slope);
    return e.ar(ArOp::Max, out, x, a);
  }
  e.ar(ArOp::Min, a, x, Arg::real(out.prec, 0));
  e.ar(ArOp::Mul, b, a, slope);
  e.ar(ArOp::Max, a, x, Arg::real(out.prec, 0));
  e.ar(ArOp::Add, out, a, b);
}

}  // namespace

Kernel prelu_kernel() {
  return {.op = ops::PRelu::kName,
          .supports = supports,
          .views = views,
          .axes = all_axes,
          .needs = needs,
          .footprint = footprint,
          .pack = pack,
          .emit = emit};
}

}  // namespace tpuc::bm1684x
