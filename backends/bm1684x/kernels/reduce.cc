// reduce over any axes: the reduced ones become H and W of the view, the kept ones N and C (or W).
//   source: TIU.md section 5, COOKBOOK.md section 5
// sum, mean, l1, l2, sum_square, prod: in f32 (halves widened, rounded once); f32 sums in two accumulators, products by
// halves. max, min: exact.
#include "ops/reduce.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/reduce_arg.h"
#include "backends/bm1684x/kernels/reduce_axes.h"

namespace tpuc::bm1684x {

namespace {

using ops::Reduce;
using ops::ReduceKind;

struct Run {
  int64_t extent = 1;
  bool reduced = false;
  int64_t in_stride = 1, out_stride = 0;  // elements
};

// Neighbouring axes of one fate are one.
std::vector<Run> runs(const Op& op) {
  const Dims& d = op.in(0)->type.dims;
  const auto& axes = op.attrs<Reduce>().axes;
  std::vector<Run> all;
  for (size_t i = 0; i < d.size(); ++i) {
    const bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (d[i] == 1) continue;
    if (!all.empty() && all.back().reduced == reduced)
      all.back().extent *= d[i];
    else
      all.push_back({d[i], reduced});
  }
  int64_t in = 1, out = 1;
  for (auto r = all.rbegin(); r != all.rend(); ++r) {
    r->in_stride = in;
    in *= r->extent;
    if (r->reduced) continue;
    r->out_stride = out;
    out *= r->extent;
  }
  return all;
}

struct Layout {
  View in, out;
  bool over_h = false, over_w = false;
};

void put(Layout& l, size_t slot, const Run& r, int64_t extent, int64_t unit) {
  l.in.dims[slot] = extent;
  l.in.strides[slot] = r.in_stride * unit;
  if (r.reduced) return;
  l.out.dims[slot] = extent;
  l.out.strides[slot] = r.out_stride * unit;
}

void put_split(Layout& l, size_t outer, size_t inner, const Run& r) {
  const Split s = split_count(r.extent);
  put(l, outer, r, s.channels, s.width);
  put(l, inner, r, s.width, 1);
}

// One reduced run: H, so that all units of a lane work, or W where it is innermost.
void place_one(Layout& l, const std::vector<Run>& kept, const Run& r) {
  const bool innermost = r.in_stride == 1;
  if (kept.size() <= 1 && innermost) {
    if (!kept.empty()) put(l, 1, kept[0], kept[0].extent, 1);
    if (r.extent > kMostReduced) return put_split(l, 2, 3, r);
    return put(l, 3, r, r.extent, 1);
  }
  put(l, 2, r, r.extent, 1);
  if (kept.size() == 1) return put_split(l, 1, 3, kept[0]);
  if (kept[0].extent >= kLanes / 2) {
    put(l, 1, kept[0], kept[0].extent, 1);
    return put(l, 3, kept[1], kept[1].extent, 1);
  }
  put(l, 0, kept[0], kept[0].extent, 1);
  put_split(l, 1, 3, kept[1]);
}

// NCHW over H or W or both: as every neighbour sees it.
std::optional<Layout> natural(const Op& op) {
  const Dims& d = op.in(0)->type.dims;
  const auto& axes = op.attrs<Reduce>().axes;
  if (d.size() != 4 || axes.front() < 2) return std::nullopt;
  Layout l;
  l.in = row_major({d[0], d[1], d[2], d[3]});
  Shape4 out = l.in.dims;
  for (const int64_t a : axes) out[static_cast<size_t>(a)] = 1;
  l.out = row_major(out);
  return l;
}

std::optional<Layout> placed(const Op& op) {
  if (auto l = natural(op)) return l;
  std::vector<Run> kept, reduced;
  for (const Run& r : runs(op)) (r.reduced ? reduced : kept).push_back(r);
  if (reduced.size() > 2 || kept.size() > 2) return std::nullopt;
  Layout l;
  l.in.strides[3] = l.out.strides[3] = 1;
  if (reduced.empty()) {
    l.in = l.out = plain_view(op.in(0)->type.dims);
  } else if (reduced.size() == 1) {
    place_one(l, kept, reduced[0]);
  } else {
    put(l, 2, reduced[0], reduced[0].extent, 1);
    put(l, 3, reduced[1], reduced[1].extent, 1);
    for (size_t i = 0; i < kept.size(); ++i) put(l, kept.size() - 1 - i == 0 ? 1 : 0, kept[i], kept[i].extent, 1);
  }
  return l;
}

std::optional<Layout> layout(const Op& op) {
  auto l = placed(op);
  if (!l) return l;
  l->over_h = l->in.dims[2] != l->out.dims[2];
  l->over_w = l->in.dims[3] != l->out.dims[3];
  for (size_t i = 0; i < 4; ++i)
    if (l->in.dims[i] != l->out.dims[i] && l->in.dims[i] > kMostReduced) return std::nullopt;
  l->in = normalized(l->in);
  l->out = normalized(l->out);
  return l;
}

Support supports(const Op& op, DType) {
  const TensorType& x = op.in(0)->type;
  if (!is_float(x.dtype)) return {false, fmt::format("elements are {}", to_string(x.dtype))};
  if (!layout(op))
    return {false, fmt::format("axes {} of {}: more than two groups, or one of more than {} elements",
                               to_string(op.attrs<Reduce>().axes), to_string(x.dims), kMostReduced)};
  return {};
}

Views views(const Op& op) {
  const Layout l = layout(op).value();
  return {{l.in}, l.out};
}

Axes axes(const Op& op) {
  const Layout l = layout(op).value();
  return {.h = !l.over_h, .w = !l.over_w};
}

Region in_box(const Layout& l, const Region& out) {
  Region box = out;
  if (l.over_h) box.extent[2] = l.in.dims[2];
  if (l.over_w) box.extent[3] = l.in.dims[3];
  return box;
}

std::vector<Need> needs(const Op& op, const Region& out) {
  return {{Need::Kind::Box, in_box(layout(op).value(), out)}};
}

bool is_extreme(ReduceKind k) { return k == ReduceKind::Max || k == ReduceKind::Min; }
Prec work_prec(const Op& op) {
  return is_extreme(op.attrs<Reduce>().kind) ? prec_of(op.out(0)->type.dtype) : Prec::F32;
}

// 0, 1: the input prepared (widened, squared, negated) and a step on the way; 2: first pass; 3, 4: results before the
// last steps.
Footprint footprint(const Op& op, const Region& out) {
  const Shape4 in = in_box(layout(op).value(), out).extent;
  const Prec p = work_prec(op);
  const int64_t large = aligned_bytes(p, in), small = aligned_bytes(p, out.extent);
  const ReduceKind kind = op.attrs<Reduce>().kind;
  const bool widens = p != prec_of(op.out(0)->type.dtype);
  const bool prepares = kind != ReduceKind::Sum && kind != ReduceKind::Mean && kind != ReduceKind::Max;
  return {.scratch = {widens ? large : 0, prepares ? large : 0, reduce_scratch_bytes(p, in), small, small}};
}

// What is summed: widened, and |x|, x^2 or -x.
LocalTensor prepared(ReduceKind kind, const TileCtx& t, LocalTensor x, Prec work, Emitter& e) {
  if (x.prec != work) {
    const LocalTensor wide = aligned(t.scratch[0], work, x.dims);
    e.cast(wide, x);
    x = wide;
  }
  const LocalTensor y = aligned(t.scratch[1], work, x.dims);
  switch (kind) {
    case ReduceKind::L1:
      e.unary(ArOp::Abs, y, x);
      return y;
    case ReduceKind::L2:
    case ReduceKind::SumSquare:
      e.ar(ArOp::Mul, y, x, x);
      return y;
    case ReduceKind::Min:
      e.ar(ArOp::Mul, y, x, Arg::real(work, -1));
      return y;
    case ReduceKind::Prod:  // worked on in place
      if (x.addr == t.scratch[0]) return x;
      e.copy(y, x);
      return y;
    case ReduceKind::Sum:
    case ReduceKind::Mean:
    case ReduceKind::Max:
      break;
  }
  return x;
}

// Multiplies the upper half of an axis into the lower one until one line is left: the result is x's first element.
LocalTensor multiply_axes(LocalTensor x, const LocalTensor& out, Emitter& e) {
  for (const size_t axis : {size_t{2}, size_t{3}}) {
    if (out.dims[axis] == x.dims[axis]) continue;
    while (x.dims[axis] > 1) {
      Shape4 from{0, 0, 0, 0}, half = x.dims;
      half[axis] = x.dims[axis] / 2;
      from[axis] = x.dims[axis] - half[axis];
      const LocalTensor lower = x.at(0, 0, 0, 0, half);
      e.ar(ArOp::Mul, lower, lower, x.at(from[0], from[1], from[2], from[3], half));
      x.dims[axis] = from[axis];
    }
  }
  return x;
}

void reduce_part(const Op& op, const TileCtx& t, const LocalTensor& out, const LocalTensor& in, Emitter& e) {
  const ReduceKind kind = op.attrs<Reduce>().kind;
  const Prec work = work_prec(op);
  const LocalTensor x = prepared(kind, t, in, work, e);
  if (kind == ReduceKind::Prod) {
    const LocalTensor product = multiply_axes(x, out, e);
    return out.prec == work ? e.copy(out, product) : e.cast(out, product);
  }
  LocalTensor r = aligned(t.scratch[3], work, out.dims);
  const bool is_last = out.prec == work && kind != ReduceKind::L2 && kind != ReduceKind::Min;
  const int64_t count = in.dims[2] * in.dims[3] / (out.dims[2] * out.dims[3]);
  const float factor = kind == ReduceKind::Mean ? 1.0f / static_cast<float>(count) : 1.0f;
  reduce_axes(is_extreme(kind) ? RowKind::Max : RowKind::Sum, is_last ? out : r, x, factor, t.scratch[2], e);
  if (is_last) return;
  if (kind == ReduceKind::Min) return e.ar(ArOp::Mul, out, r, Arg::real(work, -1));
  if (kind == ReduceKind::L2) {
    const LocalTensor root = aligned(t.scratch[4], work, out.dims);
    e.rsqrt(root, r);
    if (out.prec == work) return e.ar(ArOp::Mul, out, r, root);
    e.ar(ArOp::Mul, root, root, r);
    r = root;
  }
  e.cast(out, r);
}

// A part of a larger tensor is aligned batch by batch only.
void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const LocalTensor in = t.input(0, in_box(layout(op).value(), t.region)), out = t.output();
  const int64_t count = in.is_aligned() && out.is_aligned() ? in.dims[0] : 1;
  for (int64_t n = 0; n < in.dims[0]; n += count)
    reduce_part(op, t, out.at(n, 0, 0, 0, {count, out.dims[1], out.dims[2], out.dims[3]}),
                in.at(n, 0, 0, 0, {count, in.dims[1], in.dims[2], in.dims[3]}), e);
}

}  // namespace

std::span<const Kernel> reduce_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> all{{.op = Reduce::kName,
                             .supports = supports,
                             .views = views,
                             .axes = axes,
                             .needs = needs,
                             .footprint = footprint,
                             .emit = emit}};
    for (const Kernel& k : arg_kernels()) all.push_back(k);
    return all;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
