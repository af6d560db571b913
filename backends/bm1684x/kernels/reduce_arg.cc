// The index of the largest or smallest element: where an element equals the extreme it is replaced by a rank that falls
// (first wins) or rises (last wins) along the axis, elsewhere by 0; the greatest rank names the index. Exact: ranks up
// to 16384 are whole numbers of f32.   source: COOKBOOK.md section 4
#include "backends/bm1684x/kernels/reduce_arg.h"

#include <fmt/core.h>

#include <cstring>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/reduce_axes.h"
#include "ops/reduce.h"

namespace tpuc::bm1684x {

namespace {

const ops::ArgAttrs& attrs_of(const Op& op) {
  return op.is<ops::ArgMax>() ? op.attrs<ops::ArgMax>() : op.attrs<ops::ArgMin>();
}

// The axis as W of rows in lanes, or, with axes behind it, as H.
struct Layout {
  View in, out;
  bool in_rows = true;
  int64_t length = 1;
};

std::optional<Layout> layout(const Op& op) {
  const Dims& d = op.in(0)->type.dims;
  const auto axis = static_cast<size_t>(attrs_of(op).axis);
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= d[i];
  for (size_t i = axis + 1; i < d.size(); ++i) inner *= d[i];
  Layout l;
  l.length = d[axis];
  l.in_rows = inner == 1;
  if (l.length > kMostReduced) return std::nullopt;
  if (l.in_rows) {
    l.out = row_major({1, outer, 1, 1});
    l.in = row_major({1, outer, 1, l.length});
    return l;
  }
  const Split split = split_count(inner);
  const Shape4 dims{outer, split.channels, l.length, split.width};
  l.in = normalized({dims, {l.length * inner, split.width, inner, 1}});
  l.out = normalized({{outer, dims[1], 1, dims[3]}, {inner, split.width, inner, 1}});
  return l;
}

Support supports(const Op& op, DType) {
  const TensorType& x = op.in(0)->type;
  if (!is_float(x.dtype)) return {false, fmt::format("elements are {}", to_string(x.dtype))};
  if (!layout(op))
    return {false,
            fmt::format("axis {} of {}: more than {} elements", attrs_of(op).axis, to_string(x.dims), kMostReduced)};
  return {};
}

Views views(const Op& op) {
  const Layout l = layout(op).value();
  return {{l.in}, l.out};
}

Axes axes(const Op& op) {
  const bool in_rows = layout(op).value().in_rows;
  return {.h = false, .w = !in_rows};
}

Region in_box(const Layout& l, const Region& out) {
  Region box = out;
  box.extent[l.in_rows ? 3 : 2] = l.length;
  return box;
}

std::vector<Need> needs(const Op& op, const Region& out) {
  return {{Need::Kind::Box, in_box(layout(op).value(), out)}};
}

// 0, 1: of the input's shape, in f32; 2: first pass of a reduction; 3, 4: of the result's shape. Image: the ranks.
Footprint footprint(const Op& op, const Region& out) {
  const Layout l = layout(op).value();
  const Shape4 in = in_box(l, out).extent;
  const int64_t large = aligned_bytes(Prec::F32, in), small = aligned_bytes(Prec::F32, out.extent);
  return {.scratch = {large, large, reduce_scratch_bytes(Prec::F32, in), small, small}, .image_bytes = 4 * l.length};
}

std::vector<std::byte> pack(const Op& op, const Region&) {
  const int64_t length = layout(op).value().length;
  std::vector<float> lane;
  for (int64_t i = 0; i < length; ++i)
    lane.push_back(static_cast<float>(attrs_of(op).select_last ? i + 1 : length - i));
  const size_t bytes = lane.size() * sizeof(float);
  std::vector<std::byte> image(bytes * static_cast<size_t>(kLanes));
  for (size_t k = 0; k < static_cast<size_t>(kLanes); ++k) std::memcpy(image.data() + k * bytes, lane.data(), bytes);
  return image;
}

void search(const Op& op, const TileCtx& t, const LocalTensor& out, const LocalTensor& in, Emitter& e) {
  const Layout l = layout(op).value();
  const LocalTensor x = aligned(t.scratch[0], Prec::F32, in.dims), y = aligned(t.scratch[1], Prec::F32, in.dims);
  const LocalTensor top = aligned(t.scratch[3], Prec::F32, out.dims), rank = aligned(t.scratch[4], Prec::F32, out.dims);
  in.prec == Prec::F32 ? e.copy(x, in) : e.cast(x, in);
  LocalTensor searched = x, other = y;
  if (op.is<ops::ArgMin>()) {
    e.ar(ArOp::Mul, y, x, Arg::f32(-1));
    std::swap(searched, other);
  }
  reduce_axes(RowKind::Max, top, searched, 1, t.scratch[2], e);
  e.select(ArOp::SelectEqual, other, searched, top, Arg::f32(1).bits);
  LocalTensor ranks = compact(t.image, Prec::F32, l.in_rows ? Shape4{1, 1, 1, l.length} : Shape4{1, 1, l.length, 1});
  ranks.shared = true;
  ranks.strides[0] = ranks.strides[1] = 0;
  e.ar(ArOp::Mul, searched, other, ranks);
  reduce_axes(RowKind::Max, rank, searched, 1, t.scratch[2], e);
  if (attrs_of(op).select_last)
    e.ar(ArOp::Sub, top, rank, Arg::f32(1));
  else
    e.ar(ArOp::Sub, top, Arg::f32(static_cast<float>(l.length)), rank);
  e.cast(out, top);
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  search(op, t, t.output(), t.input(0, in_box(layout(op).value(), t.region)), e);
}

Kernel kernel(std::string_view name) {
  return {.op = name,
          .supports = supports,
          .views = views,
          .axes = axes,
          .needs = needs,
          .footprint = footprint,
          .pack = pack,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> arg_kernels() {
  static const Kernel kTable[] = {kernel(ops::ArgMax::kName), kernel(ops::ArgMin::kName)};
  return kTable;
}

}  // namespace tpuc::bm1684x
