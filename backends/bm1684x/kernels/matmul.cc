// matmul on the convolution array, in two ways.   source: COOKBOOK.md section 2, TIU.md section 4
//   rows:    A's rows are the filters (lane m), B [K,N] is the image [1,K,1,N], the result is [batch,M,1,N]: everything
//            as in DDR
//   columns: few rows and a constant B: B's columns are the filters, packed with the bias; A is the image [1,K,1,M]
// f32: error 3e-6 of the largest result; halves: f32 accumulation, one rounding. A transposed operand is exchanged by
// its load.
#include "ops/matmul.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/conv_pack.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/matmul_geometry.h"

namespace tpuc::bm1684x {

namespace {

using ops::MatMul;
using Geometry = MatMulGeometry;

// The inner columns of a tile.
Depth depth_of(const Geometry& g, const Region& out) { return out.depth.extent > 0 ? out.depth : Depth{0, g.k()}; }
bool starts(const Geometry& g, const Region& out) { return depth_of(g, out).begin == 0; }
bool ends(const Geometry& g, const Region& out) {
  const Depth d = depth_of(g, out);
  return d.begin + d.extent == g.k();
}

Views views(const Op& op) {
  const Geometry g = matmul_geometry(op);
  Views v;
  v.in.resize(op.in().size());
  if (g.by_columns) {  // the image of A: its K in lanes
    v.in[0] = normalized({{1, g.k(), 1, g.a.rows}, {0, g.a.column_stride, 0, g.a.rows == 1 ? 1 : g.a.row_stride}});
    v.out = normalized({{1, g.y.columns, 1, g.y.rows}, {0, 1, 0, g.y.rows == 1 ? 1 : g.y.row_stride}});
    return v;
  }
  v.in[0] = g.a.view();
  v.in[1] = g.b.view();
  v.out = g.y.view();
  if (op.in(2) != nullptr) v.in[2] = row_major({1, 1, 1, g.y.columns});
  return v;
}

// Matrices side by side keep their columns together: each begins at a multiple of 64 bytes.
Axes axes(const Op& op) {
  const Geometry g = matmul_geometry(op);
  return {.w = !g.y.is_side_by_side, .depth = g.k()};
}

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = matmul_geometry(op);
  const Depth d = depth_of(g, out);
  std::vector<Need> n(op.in().size());
  if (g.by_columns) {
    n[0] = {Need::Kind::Box, {{0, d.begin, 0, out.begin[3]}, {1, d.extent, 1, out.extent[3]}}};
    return n;
  }
  const int64_t first = g.first_matrix(out), count = g.matrix_count(out);
  const Region rows{{0, out.begin[1], 0, d.begin}, {1, out.extent[1], 1, d.extent}};
  const Region columns{{0, d.begin, 0, out.begin[3]}, {1, d.extent, 1, out.extent[3]}};
  n[0] = {Need::Kind::Box, g.a.box(first, count, rows)};
  n[1] = {Need::Kind::Box, g.b.box(first, count, columns)};
  if (op.in(2) != nullptr) n[2] = {Need::Kind::Shared, {{0, 0, 0, out.begin[3]}, {1, 1, 1, out.extent[3]}}};
  return n;
}

ConvImage image_of(const Op& op, const Geometry& g, const Region& out) {
  return {{out.extent[1], depth_of(g, out).extent, 1, g.prec}, op.in(2) != nullptr && starts(g, out)};
}

// Halves that one command does not finish add up in f32: parts of the inner columns, and rows that start from a bias.
bool sums_apart(const Op& op, const Geometry& g, const Region& out) {
  const bool in_parts = depth_of(g, out).extent < g.k();
  return g.prec != Prec::F32 && (in_parts || (!g.by_columns && op.in(2) != nullptr));
}

Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = matmul_geometry(op);
  Footprint f;
  if (sums_apart(op, g, out)) f.scratch.push_back(aligned_bytes(Prec::F32, out.extent));
  if (g.by_columns) {
    const ConvImage im = image_of(op, g, out);
    f.image_bytes = im.lane_bytes();
    f.image_lanes = im.lanes();
  } else if (op.in(2) != nullptr && op.in(2)->type.dtype != DType::F32) {
    f.scratch.push_back(aligned_bytes(Prec::F32, {1, 1, 1, out.extent[3]}));  // the bias in f32
  }
  return f;
}

// B's columns as filters [N,K,1,1].
std::vector<std::byte> pack(const Op& op, const Region& out) {
  const Geometry g = matmul_geometry(op);
  FilterSource source;
  source.filter = &op.in(1)->tensor();
  source.opt_bias = op.in(2) != nullptr ? &op.in(2)->tensor() : nullptr;
  source.in_per_group = g.k(), source.out_per_group = g.b.columns;
  source.is_oihw = g.b_is_transposed;
  source.first_out = out.begin[1], source.first_in = depth_of(g, out).begin;
  return pack_conv(image_of(op, g, out), source);
}

void emit_columns(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const ConvImage im = image_of(op, g, t.region);
  const Arg bias =
      im.has_bias ? Arg(compact(t.image, Prec::F32, {1, im.filters.out_channels, 1, 1})) : Arg::constant(0);
  ConvArgs args;
  args.accumulate = !starts(g, t.region);
  e.conv(sums, t.input(0, needs(op, t.region)[0].box), t.image + static_cast<uint32_t>(im.parameters().lane_bytes()),
         bias, args);
}

LocalTensor in_all_lanes(LocalTensor shared) {
  shared.shared = false;
  shared.dims[1] = kLanes;
  return shared;
}

LocalTensor bias_row(const Op& op, const TileCtx& t, const Need& need, size_t scratch, Emitter& e) {
  const LocalTensor bias = t.input(2, need.box);
  if (op.in(2)->type.dtype == DType::F32) return bias;
  const LocalTensor wide = shared_row(t.scratch[scratch], Prec::F32, bias.dims);
  e.cast(in_all_lanes(wide), in_all_lanes(bias));
  return wide;
}

// out [1,M,1,N] = rows of a * image b (+ what `out` holds). Rows of 64 filters that do not follow each other closely
// (f32 whose K is no multiple of 16, matrices side by side) are one command each.
void multiply(const LocalTensor& out, const LocalTensor& a, const LocalTensor& b, bool accumulate, Emitter& e) {
  ConvArgs args;
  args.accumulate = accumulate;
  const int64_t block = a.prec == Prec::F32 ? 1 : kEuBytes / a.elem_bytes();
  if (a.rows() == 1 || (a.strides[1] == align_up(a.dims[3], block) && out.is_aligned()))
    return e.conv(out, b, a.addr, Arg::constant(0), args);
  for (int64_t c = 0; c < out.dims[1]; c += kLanes) {
    Shape4 rows = out.dims;
    rows[1] = std::min(kLanes, out.dims[1] - c);
    e.conv(out.at(0, c, 0, 0, rows), b, a.at(0, c, 0, 0, {1, rows[1], 1, a.dims[3]}).addr, Arg::constant(0), args);
  }
}

void emit_rows(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const auto n = needs(op, t.region);
  const LocalTensor a = t.input(0, n[0].box), b = t.input(1, n[1].box);
  const bool has_bias = op.in(2) != nullptr, first = starts(g, t.region);
  if (has_bias && first) e.copy(sums, bias_row(op, t, n[2], sums_apart(op, g, t.region) ? 1 : 0, e));
  for (int64_t i = 0; i < g.matrix_count(t.region); ++i)
    multiply(g.y.one(sums, i), g.a.one(a, i), g.b.one(b, i), has_bias || !first, e);
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = matmul_geometry(op);
  const LocalTensor out = t.output();
  const bool apart = sums_apart(op, g, t.region);
  const LocalTensor sums = apart ? aligned(t.scratch[0], Prec::F32, out.dims) : out;
  if (g.by_columns)
    emit_columns(op, g, t, sums, e);
  else
    emit_rows(op, g, t, sums, e);
  if (!ends(g, t.region)) return;
  if (apart) e.cast(out, sums);
  apply_activation(op.attrs<MatMul>().activation, out, e);
}

}  // namespace

std::span<const Kernel> matmul_kernels() {
  static const Kernel kTable[] = {{.op = MatMul::kName,
                                   .supports = matmul_supports,
                                   .views = views,
                                   .axes = axes,
                                   .needs = needs,
                                   .footprint = footprint,
                                   .pack = pack,
                                   .emit = emit,
                                   .emit_ddr = nullptr,
                                   .view_of = nullptr,
                                   .parts_of = nullptr}};
  return kTable;
}

}  // namespace tpuc::bm1684x
