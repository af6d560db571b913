// scale: y = x * s + t per channel, with constant s and t in the constant image.   source: TIU.md section 10
// f32: product and sum rounded each; halves: the same in their type (relative 1.4e-3 of f16, COOKBOOK.md section 7).
#include "ops/norm.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/conv_pack.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/norm_rows.h"

namespace tpuc::bm1684x {

namespace {

using ops::Scale;

// Channels in lanes whatever the rank: [N, C, H, W], or [N, C, 1, the rest].
Shape4 shape_of(const Op& op) {
  const Dims& d = op.out(0)->type.dims;
  if (d.size() == 4) return {d[0], d[1], d[2], d[3]};
  Shape4 s{d[0], d[1], 1, 1};
  for (size_t i = 2; i < d.size(); ++i) s[3] *= d[i];
  if (s[3] <= kMaxDim) return s;
  const Split split = split_count(s[3]);
  s[2] = split.channels, s[3] = split.width;
  return s;
}

Support supports(const Op& op, DType) {
  if (!is_float(op.in(0)->type.dtype)) return {false, fmt::format("elements are {}", to_string(op.in(0)->type.dtype))};
  if (!op.in(1)->is_constant() || (op.in(2) != nullptr && !op.in(2)->is_constant()))
    return {false, "the factors or offsets are computed at run time"};
  return {};
}

Views views(const Op& op) {
  const View v = row_major(shape_of(op));
  return {{v, View{}, View{}}, v};
}

int64_t vector_bytes(const Op& op, const Region& out) {
  return align_up(ceil_div(out.extent[1], kLanes) * size_bytes(op.out(0)->type.dtype), int64_t{4});
}

// The factors of all channel rows, then the offsets.
Footprint footprint(const Op& op, const Region& out) {
  return {.scratch = {}, .image_bytes = 2 * vector_bytes(op, out), .image_lanes = std::min(kLanes, out.extent[1])};
}

std::vector<std::byte> pack(const Op& op, const Region& out) {
  const Footprint f = footprint(op, out);
  const Prec prec = prec_of(op.out(0)->type.dtype);
  std::vector<std::byte> image(static_cast<size_t>(f.image_bytes * f.image_lanes));
  for (size_t i = 1; i <= 2; ++i) {
    if (op.in(i) == nullptr) continue;
    for (int64_t c = 0; c < out.extent[1]; ++c) {
      const uint32_t bits = Arg::real(prec, float_at(op.in(i)->tensor(), out.begin[1] + c)).bits;
      const int64_t at =
          c % kLanes * f.image_bytes + (i == 2 ? vector_bytes(op, out) : 0) + c / kLanes * int64_t{size_of(prec)};
      std::memcpy(image.data() + at, &bits, size_of(prec));
    }
  }
  return image;
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const LocalTensor x = t.input(0, t.region), out = t.output();
  const LocalTensor factor = compact(t.image, out.prec, {1, out.dims[1], 1, 1});
  const LocalTensor offset =
      compact(t.image + static_cast<uint32_t>(vector_bytes(op, t.region)), out.prec, {1, out.dims[1], 1, 1});
  if (op.in(2) == nullptr) {
    e.ar(ArOp::Mul, out, x, factor);
  } else if (x.is_aligned() && out.is_aligned()) {
    e.lin(out, x, factor, offset);
  } else {
    e.ar(ArOp::Mul, out, x, factor);
    e.ar(ArOp::Add, out, out, offset);
  }
  apply_activation(op.attrs<Scale>().activation, out, e);
}

}  // namespace

std::span<const Kernel> norm_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> all{{.op = Scale::kName,
                             .supports = supports,
                             .views = views,
                             .axes = all_axes,
                             .needs = one_operand_needs,
                             .footprint = footprint,
                             .pack = pack,
                             .emit = emit}};
    for (const Kernel& k : norm_row_kernels()) all.push_back(k);
    return all;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
