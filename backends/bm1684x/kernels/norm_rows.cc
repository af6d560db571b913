// Normalization over H and W of a view whose C holds the rows, groups or channels; in f32, halves widened and rounded
// once.
//   source: COOKBOOK.md section 4 (130 x 768: error 1.7e-6 of 11)
#include "backends/bm1684x/kernels/norm_rows.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_math.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/reduce_axes.h"
#include "ops/norm.h"

namespace tpuc::bm1684x {

namespace {

using Buf = FloatMath::Buf;

constexpr size_t kWork = 3, kSmall = 3;

struct Geometry {
  Shape4 dims{1, 1, 1, 1};
  Shape4 affine{1, 1, 1, 1};  // of gamma and beta
  float epsilon = 0;
  bool centers = true;  // rms_norm does not subtract the mean
  int64_t length() const { return dims[2] * dims[3]; }
};

Geometry of_rows(const Dims& d, const ops::LayerNorm::Attrs& a, bool centers) {
  Geometry g;
  for (size_t i = 0; i < d.size(); ++i) g.dims[i < static_cast<size_t>(a.axis) ? 1 : 3] *= d[i];
  g.affine[3] = g.dims[3];
  g.epsilon = a.epsilon;
  g.centers = centers;
  return g;
}

Geometry of_groups(const Dims& d, int64_t groups, float epsilon) {
  Geometry g;
  g.epsilon = epsilon;
  g.dims = {d[0], groups, d[1] / groups, 1};
  for (size_t i = 2; i < d.size(); ++i) g.dims[3] *= d[i];
  g.affine = {1, groups, d[1] / groups, 1};
  if (groups == d[1] && d.size() == 4) g.dims = {d[0], d[1], d[2], d[3]};  // as every neighbour sees it
  return g;
}

Geometry geometry(const Op& op) {
  const Dims& d = op.out(0)->type.dims;
  if (op.is<ops::LayerNorm>()) return of_rows(d, op.attrs<ops::LayerNorm>(), true);
  if (op.is<ops::RmsNorm>()) return of_rows(d, op.attrs<ops::RmsNorm>(), false);
  if (op.is<ops::GroupNorm>())
    return of_groups(d, op.attrs<ops::GroupNorm>().groups, op.attrs<ops::GroupNorm>().epsilon);
  return of_groups(d, d[1], op.attrs<ops::InstanceNorm>().epsilon);
}

bool has(const Op& op, size_t i) { return op.in(i) != nullptr; }

Support supports(const Op& op, DType) {
  if (!is_float(op.in(0)->type.dtype)) return {false, fmt::format("elements are {}", to_string(op.in(0)->type.dtype))};
  const Geometry g = geometry(op);
  for (const size_t i : {size_t{2}, size_t{3}})
    if (g.dims[i] > kMostReduced) return {false, fmt::format("extent {} exceeds {}", g.dims[i], kMostReduced)};
  for (const size_t i : {size_t{1}, size_t{2}})
    if (has(op, i) && element_count(op.in(i)->type) != g.affine[1] * g.affine[2] * g.affine[3])
      return {false, fmt::format("gamma or beta {} broadcasts", to_string(op.in(i)->type.dims))};
  return {};
}

Views views(const Op& op) {
  const Geometry g = geometry(op);
  Views v;
  v.in.resize(op.in().size());
  v.in[0] = v.out = row_major(g.dims);
  for (size_t i = 1; i < op.in().size(); ++i)
    if (has(op, i)) v.in[i] = row_major(g.affine);
  return v;
}

Axes axes(const Op&) { return {.h = false, .w = false}; }

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  std::vector<Need> n(op.in().size());
  n[0] = {Need::Kind::Box, out};
  for (size_t i = 1; i < n.size(); ++i)
    if (has(op, i)) n[i] = broadcast_need(row_major(g.affine), row_major(g.dims), out);
  return n;
}

// Work tensors, small ones, one for passes, then gamma and beta in f32 where they are halves.
Footprint footprint(const Op& op, const Region& out) {
  Shape4 small = out.extent;
  small[2] = small[3] = 1;
  Footprint f;
  f.scratch.assign(kWork, aligned_bytes(Prec::F32, out.extent));
  f.scratch.insert(f.scratch.end(), kSmall, aligned_bytes(Prec::F32, small));
  f.scratch.push_back(reduce_scratch_bytes(Prec::F32, out.extent));
  const auto n = needs(op, out);
  for (size_t i = 1; i < n.size(); ++i)
    f.scratch.push_back(has(op, i) && op.in(i)->type.dtype != DType::F32 ? aligned_bytes(Prec::F32, n[i].box.extent)
                                                                         : 0);
  return f;
}

LocalTensor affine(const TileCtx& t, const Need& need, size_t i, Emitter& e) {
  const LocalTensor in = t.input(i, need.box);
  if (in.prec == Prec::F32) return in;
  const uint32_t at = t.scratch[kWork + kSmall + i];
  if (need.kind == Need::Kind::Box) {
    const LocalTensor wide = aligned(at, Prec::F32, in.dims);
    e.cast(wide, in);
    return wide;
  }
  // A shared row is widened in every lane: as a tensor of 64 channels.
  const auto in_all_lanes = [](LocalTensor s) {
    s.shared = false;
    s.dims[1] = kLanes;
    return s;
  };
  const LocalTensor wide = shared_row(at, Prec::F32, in.dims);
  e.cast(in_all_lanes(wide), in_all_lanes(in));
  return wide;
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = geometry(op);
  const auto n = needs(op, t.region);
  const std::span<const uint32_t> scratch(t.scratch);
  Shape4 small_dims = t.region.extent;
  small_dims[2] = small_dims[3] = 1;
  FloatMath work(e, scratch.first(kWork), t.region.extent, {}, 0, true),
      small(e, scratch.subspan(kWork, kSmall), small_dims, {}, 0, true);
  const uint32_t passes = t.scratch[kWork + kSmall];
  const float share = 1.0f / static_cast<float>(g.length());

  Buf y = work.take();
  const LocalTensor in = t.input(0, t.region);
  in.prec == Prec::F32 ? e.copy(*y, in) : e.cast(*y, in);
  if (g.centers) {
    const Buf mean = small.take();
    reduce_axes(RowKind::Sum, *mean, *y, share, passes, e);
    y = work.sub(y, mean);
  }
  Buf variance = small.take();
  {
    const Buf square = work.mul(y, y);
    reduce_axes(RowKind::Sum, *variance, *square, share, passes, e);
  }
  variance = small.add(variance, Arg::f32(g.epsilon));
  const Buf inverse = small.take();
  e.rsqrt(*inverse, *variance);
  y = work.mul(y, inverse);
  if (has(op, 1)) y = work.mul(y, affine(t, n[1], 1, e));
  if (has(op, 2)) y = work.add(y, affine(t, n[2], 2, e));
  t.out.prec == Prec::F32 ? e.copy(t.output(), *y) : e.cast(t.output(), *y);
}

Kernel kernel(std::string_view name) {
  return {.op = name,
          .supports = supports,
          .views = views,
          .axes = axes,
          .needs = needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> norm_row_kernels() {
  static const Kernel kTable[] = {kernel(ops::LayerNorm::kName), kernel(ops::RmsNorm::kName),
                                  kernel(ops::GroupNorm::kName), kernel(ops::InstanceNorm::kName)};
  return kTable;
}

}  // namespace tpuc::bm1684x
