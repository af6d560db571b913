// resize of H and W: nearest as copies, exact; linear and cubic as weighted sums (resize_weighted.cc).
//   source: COOKBOOK.md section 6 (nearest: rows of pixels repeated by a stride of 0)
#include "backends/bm1684x/kernels/move_resize.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/resize_weighted.h"
#include "ops/resize.h"

namespace tpuc::bm1684x {

namespace {

using ops::ResizeAxis;

struct Geometry {
  Shape4 in, out;
  ResizeAxis h, w;
  bool nearest;
};

ResizeAxis untouched(int64_t size) {
  ResizeAxis a;
  for (int64_t i = 0; i < size; ++i) a.index.push_back(i), a.weight.push_back(1.0f);
  return a;
}

// Rank 3 [N,C,W] is seen as [N,C,1,W].
Shape4 shape4(const Dims& d) { return d.size() == 3 ? Shape4{d[0], d[1], 1, d[2]} : Shape4{d[0], d[1], d[2], d[3]}; }

Geometry geometry(const Op& op) {
  const auto& a = op.attrs<ops::Resize>();
  const Dims& in = op.in(0)->type.dims;
  Geometry g{shape4(in), shape4(op.out(0)->type.dims), {}, {}, a.mode == ops::ResizeMode::Nearest};
  g.h = in.size() == 3 ? untouched(1) : ops::resize_axis(a, 2, in[2]);
  g.w = ops::resize_axis(a, in.size() - 1, in.back());
  if (is_untouched(g.h, g.in[2])) g.h = untouched(g.in[2]);
  if (is_untouched(g.w, g.in[3])) g.w = untouched(g.in[3]);
  return g;
}

Support supports(const Op& op, DType) {
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  if (in.size() != 3 && in.size() != 4) return {false, fmt::format("rank {} is not 3 or 4", in.size())};
  if (in[0] != out[0] || in[1] != out[1]) return {false, "batch or channels are resized"};
  const Geometry g = geometry(op);
  for (const ResizeAxis* a : {&g.h, &g.w})
    if (std::any_of(a->index.begin(), a->index.end(), [](int64_t i) { return i < 0; }))
      return {false, "a coordinate lies outside the image"};
  const DType t = op.in(0)->type.dtype;
  if (!g.nearest && !is_float(t) && t != DType::I8 && t != DType::U8)
    return {false, fmt::format("elements are {}", to_string(t))};
  return {};
}

Views views(const Op& op) {
  return {{row_major(shape4(op.in(0)->type.dims))}, row_major(shape4(op.out(0)->type.dims))};
}

struct Range {
  int64_t begin, extent;
};
Range range_of(const ResizeAxis& a, int64_t begin, int64_t extent) {
  const auto first = a.index.begin() + begin * a.taps, last = first + extent * a.taps;
  const auto [low, high] = std::minmax_element(first, last);
  return {*low, *high - *low + 1};
}

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const Range h = range_of(g.h, out.begin[2], out.extent[2]), w = range_of(g.w, out.begin[3], out.extent[3]);
  return {{Need::Kind::Box,
           {{out.begin[0], out.begin[1], h.begin, w.begin}, {out.extent[0], out.extent[1], h.extent, w.extent}}}};
}

WeightedResize weighted(const Op& op, const Geometry& g) {
  WeightedResize r{g.h, g.w, g.in[2], g.in[3]};
  if (is_float(op.in(0)->type.dtype)) return r;
  for (ResizeAxis* a : {&r.h, &r.w}) {
    const std::vector<int64_t> weights = ops::integer_weights(*a);
    std::copy(weights.begin(), weights.end(), a->weight.begin());
  }
  return r;
}

// Rows resized but columns not yet.
Shape4 middle_dims(const Region& in, const Region& out) {
  return {out.extent[0], out.extent[1], out.extent[2], in.extent[3]};
}

Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const Region in = needs(op, out)[0].box;
  const Prec prec = prec_of(op.out(0)->type.dtype);
  if (g.nearest) return {.scratch = {aligned_bytes(prec, middle_dims(in, out))}};
  return {.scratch = weighted_scratch(weighted(op, g), prec, in, out)};
}

// `count` rows (axis 2) or columns (axis 3) from `first` on, `step` apart.
LocalTensor lines(const LocalTensor& t, size_t axis, int64_t first, int64_t count, int64_t step = 1) {
  Shape4 begin{0, 0, 0, 0}, extent = t.dims;
  begin[axis] = first;
  extent[axis] = count;
  LocalTensor part = t.at(begin[0], begin[1], begin[2], begin[3], extent);
  part.strides[axis] *= step;
  return part;
}

// Copies with evenly growing source and destination; repeated lines of one source are one copy with a source stride of
// 0.
void nearest_lines(const LocalTensor& out, const LocalTensor& in, size_t axis, const std::vector<int64_t>& source,
                   Emitter& e) {
  const auto count = static_cast<int64_t>(source.size());
  int64_t factor = 1;
  while (factor < count && source[static_cast<size_t>(factor)] == source[0]) ++factor;
  const auto is_even = [&] {
    if (count % factor != 0) return false;
    for (int64_t i = 0; i < count; ++i)
      if (source[static_cast<size_t>(i)] != source[0] + i / factor) return false;
    return true;
  };
  if (is_even()) {
    for (int64_t phase = 0; phase < factor; ++phase)
      e.copy(lines(out, axis, phase, count / factor, factor), lines(in, axis, source[0], count / factor));
    return;
  }
  for (int64_t at = 0; at < count;) {
    int64_t run = 1;
    const int64_t from = source[static_cast<size_t>(at)];
    const int64_t step = at + 1 < count ? source[static_cast<size_t>(at + 1)] - from : 1;
    while (step >= 0 && at + run < count && source[static_cast<size_t>(at + run)] == from + run * step) ++run;
    e.copy(lines(out, axis, at, run), lines(in, axis, from, run, step));
    at += run;
  }
}

// All pixels of a batch as rows of `factor` equal ones: shape (H, C, W, factor).
void repeat_pixels(const LocalTensor& out, const LocalTensor& in, int64_t factor, Emitter& e) {
  for (int64_t n = 0; n < in.dims[0]; ++n) {
    LocalTensor from = in.at(n, 0, 0, 0, in.dims), to = out.at(n, 0, 0, 0, out.dims);
    from.dims = to.dims = {in.dims[2], in.dims[1], in.dims[3], factor};
    from.strides = {in.strides[2], in.strides[1], in.strides[3], 0};
    to.strides = {out.strides[2], out.strides[1], out.strides[3] * factor, out.strides[3]};
    e.copy(to, from);
  }
}

std::vector<int64_t> sources(const ResizeAxis& a, int64_t begin, int64_t extent, int64_t held_begin) {
  std::vector<int64_t> s(a.index.begin() + begin, a.index.begin() + begin + extent);
  for (int64_t& i : s) i -= held_begin;
  return s;
}

bool repeats(const std::vector<int64_t>& s, int64_t in_extent) {
  const auto count = static_cast<int64_t>(s.size());
  if (count % in_extent != 0) return false;
  for (int64_t i = 0; i < count; ++i)
    if (s[static_cast<size_t>(i)] != i / (count / in_extent)) return false;
  return true;
}

void emit_nearest(const Geometry& g, const TileCtx& t, const Region& box, Emitter& e) {
  const LocalTensor in = t.input(0, box), out = t.output();
  const auto rows = sources(g.h, t.region.begin[2], t.region.extent[2], box.begin[2]);
  const auto columns = sources(g.w, t.region.begin[3], t.region.extent[3], box.begin[3]);
  const LocalTensor middle = aligned(t.scratch[0], out.prec, middle_dims(box, t.region));
  const bool same_width = repeats(columns, out.dims[3]);
  if (repeats(columns, box.extent[3]) && repeats(rows, box.extent[2]) && !same_width) {
    const int64_t fh = out.dims[2] / in.dims[2], fw = out.dims[3] / in.dims[3];
    for (int64_t i = 0; i < fh; ++i) repeat_pixels(lines(out, 2, i, in.dims[2], fh), in, fw, e);
    return;
  }
  nearest_lines(same_width ? out : middle, in, 2, rows, e);
  if (!same_width) nearest_lines(out, middle, 3, columns, e);
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = geometry(op);
  const Region box = needs(op, t.region)[0].box;
  if (g.nearest) return emit_nearest(g, t, box, e);
  emit_weighted(weighted(op, g), t, box, op.in(0)->type.dtype != DType::U8, e);
}

}  // namespace

Kernel resize_kernel() {
  return {.op = ops::Resize::kName,
          .supports = supports,
          .views = views,
          .axes = all_axes,
          .needs = needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace tpuc::bm1684x
