// matmul on the convolution array, in two ways.   source: COOKBOOK.md section 2, TIU.md section 4
//   rows:    A's rows are the filters (lane m), B [K,N] is the image [1,K,1,N], the result is [batch,M,1,N]: everything
//            as in DDR; but a constant B of short rows is packed, each lane's rows together
//   columns: few rows and a constant B: B's columns are the filters, packed with the bias; A is the image [1,K,1,M]
// f32: error 3e-6 of the largest result; halves: f32 accumulation, one rounding. Bytes: exact int32 sums; then, of
// rows, casts around a product and a sum in f32, which is what a requantization does: its scales belong to lanes. A
// transposed operand is exchanged by its load.
#include "ops/matmul.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/conv_filter.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/matmul_geometry.h"
#include "backends/bm1684x/kernels/weight_matmul.h"

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
  if (op.in(3) != nullptr) v.in[3] = row_major({1, 1, 2, op.in(3)->type.dims[1]});
  return v;
}

// Matrices side by side keep their columns together: each begins at a multiple of 64 bytes.
Axes axes(const Op& op) {
  const Geometry g = matmul_geometry(op);
  return {.w = !g.y.is_side_by_side, .depth = g.k()};
}

bool has_one_scale(const Op& op) { return op.in(3)->type.dims[1] == 1; }
// One scale for all, known now: it stands in the command.
bool has_fixed_scale(const Op& op) { return has_one_scale(op) && op.in(3)->is_constant(); }

// Scales and offsets of a tile's columns, in two rows.
Region scale_box(const Op& op, const Region& out) {
  const bool one_for_all = has_one_scale(op);
  return {{0, 0, 0, one_for_all ? 0 : out.begin[3]}, {1, 1, 2, one_for_all ? 1 : out.extent[3]}};
}

// Bytes that the DMA reads at once: below it takes its time for each burst.   source: CYCLES.md section 2
constexpr int64_t kFullBurst = 256;

// Whether B comes as an image, its rows as in local memory: for one tile of rows, else each would have a copy.
bool packs_rows(const Op& op, const Geometry& g, const Region& out) {
  const int64_t burst = g.b.column_stride == 1 ? g.b.columns * size_of(g.prec) : size_of(g.prec);
  return !g.by_columns && op.in(1)->is_constant() && g.b.batch == 1 && burst < kFullBurst &&
         out.extent[1] == g.y.rows && out.extent[3] == g.y.columns;
}

int64_t packed_row_bytes(const Geometry& g) { return align64(g.b.columns * size_of(g.prec)); }

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
  if (!packs_rows(op, g, out)) n[1] = {Need::Kind::Box, g.b.box(first, count, columns)};
  if (op.in(2) != nullptr) n[2] = {Need::Kind::Shared, {{0, 0, 0, out.begin[3]}, {1, 1, 1, out.extent[3]}}};
  if (op.in(3) != nullptr && ends(g, out) && !has_fixed_scale(op)) n[3] = {Need::Kind::Shared, scale_box(op, out)};
  return n;
}

// By columns the zero point of A, times sums of B's columns, is part of the bias.
bool has_packed_bias(const Op& op, const Geometry& g) { return op.in(2) != nullptr || g.zero_a != 0; }

ConvImage image_of(const Op& op, const Geometry& g, const Region& out) {
  return {.filters = {out.extent[1], depth_of(g, out).extent, 1, g.prec},
          .has_bias = has_packed_bias(op, g) && starts(g, out),
          .has_rq = op.in(3) != nullptr && ends(g, out)};
}

// Halves that one command does not finish add up in f32: parts of the inner columns, and rows that start from a bias.
bool sums_apart(const Op& op, const Geometry& g, const Region& out) {
  if (g.is_integer) return op.in(3) != nullptr;
  const bool in_parts = depth_of(g, out).extent < g.k();
  return g.prec != Prec::F32 && (in_parts || (!g.by_columns && op.in(2) != nullptr));
}

// Scratch buffers of a tile: sizes in the order of Footprint::scratch, and which is which (-1: not there).
struct Scratch {
  std::vector<int64_t> bytes;
  int sums = -1, bias = -1, zeros = -1, row_sums = -1, rq = -1;
};
Scratch scratch_of(const Op& op, const Geometry& g, const Region& out) {
  Scratch s;
  const auto add = [&](bool wanted, Prec prec, const Shape4& dims) {
    if (!wanted) return -1;
    s.bytes.push_back(aligned_bytes(prec, dims));
    return static_cast<int>(s.bytes.size()) - 1;
  };
  const bool widens_bias = !g.by_columns && !g.is_integer && op.in(2) != nullptr && op.in(2)->type.dtype != DType::F32;
  const bool corrects = !g.by_columns && g.zero_b != 0;
  s.sums = add(sums_apart(op, g, out), g.sum_prec(), out.extent);
  s.bias = add(widens_bias, Prec::F32, {1, 1, 1, out.extent[3]});
  s.zeros = add(corrects, g.prec, {1, depth_of(g, out).extent, 1, 1});
  s.row_sums = add(corrects, g.sum_prec(), {1, out.extent[1], 1, 1});
  s.rq = add(g.by_columns && op.in(3) != nullptr, Prec::F32, {1, out.extent[1], 1, 2});
  return s;
}

Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = matmul_geometry(op);
  Footprint f;
  f.scratch = scratch_of(op, g, out).bytes;
  if (g.by_columns) {
    const ConvImage im = image_of(op, g, out);
    f.image_bytes = im.lane_bytes();
    f.image_lanes = im.lanes();
  } else if (packs_rows(op, g, out)) {
    const int64_t rows = depth_of(g, out).extent;
    f.image_bytes = ceil_div(rows, kLanes) * packed_row_bytes(g);
    f.image_lanes = std::min(kLanes, rows);
  }
  return f;
}

// The bias of columns of bytes: less zero_a times the sum over b - zero_b. Only of the columns in [first, first +
// count).
Tensor integer_bias(const Op& op, const Geometry& g, int64_t first, int64_t count) {
  Tensor bias(DType::I32, {g.y.columns});
  const auto values = bias.as_mutable<int32_t>();
  const auto b = op.in(1)->tensor().bytes();
  for (int64_t n = first; n < first + count; ++n) {
    int32_t sum = 0;
    for (int64_t k = 0; k < g.k(); ++k) {
      const std::byte x = b[static_cast<size_t>(k * g.b.row_stride + n * g.b.column_stride)];
      sum += g.b_signed ? static_cast<int8_t>(x) : static_cast<int32_t>(x);
    }
    const auto own = op.in(2) != nullptr ? op.in(2)->tensor().as<int32_t>()[static_cast<size_t>(n)] : 0;
    values[static_cast<size_t>(n)] = static_cast<int32_t>(own - g.zero_a * (sum - g.k() * g.zero_b));
  }
  return bias;
}

// B [K,N] as an aligned tensor [1,K,1,N].
std::vector<std::byte> pack_rows(const Op& op, const Geometry& g, const Region& out) {
  const Footprint f = footprint(op, out);
  const Depth d = depth_of(g, out);
  const int64_t size = size_of(g.prec);
  const std::byte* b = op.in(1)->tensor().bytes().data();
  std::vector<std::byte> image(static_cast<size_t>(f.image_bytes * f.image_lanes));
  for (int64_t k = 0; k < d.extent; ++k) {
    std::byte* row = image.data() + k % kLanes * f.image_bytes + k / kLanes * packed_row_bytes(g);
    for (int64_t n = 0; n < g.b.columns; ++n)
      std::memcpy(row + n * size, b + ((d.begin + k) * g.b.row_stride + n * g.b.column_stride) * size,
                  static_cast<size_t>(size));
  }
  return image;
}

// B's columns as filters [N,K,1,1].
std::vector<std::byte> pack(const Op& op, const Region& out) {
  const Geometry g = matmul_geometry(op);
  if (!g.by_columns) return pack_rows(op, g, out);
  FilterSource source;
  source.filter = &op.in(1)->tensor();
  source.opt_bias = op.in(2) != nullptr ? &op.in(2)->tensor() : nullptr;
  source.opt_rq = op.in(3) != nullptr ? &op.in(3)->tensor() : nullptr;
  Tensor with_zeros;
  if (g.zero_a != 0) {
    with_zeros = integer_bias(op, g, out.begin[1], out.extent[1]);
    source.opt_bias = &with_zeros;
  }
  source.in_per_group = g.k(), source.out_per_group = g.b.columns;
  source.is_oihw = g.b_is_transposed;
  source.first_out = out.begin[1], source.first_in = depth_of(g, out).begin;
  return pack_conv(image_of(op, g, out), source);
}

void emit_columns(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const ConvImage im = image_of(op, g, t.region);
  const Arg bias =
      im.has_bias ? Arg(compact(t.image, g.sum_prec(), {1, im.filters.out_channels, 1, 1})) : Arg::constant(0);
  ConvArgs args;
  args.in_signed = g.a_signed, args.filter_signed = g.b_signed, args.filter_zero = g.zero_b;
  args.accumulate = !starts(g, t.region);
  e.conv(sums, t.input(0, needs(op, t.region)[0].box), t.image + static_cast<uint32_t>(im.parameters().lane_bytes()),
         bias, args);
}

LocalTensor in_all_lanes(LocalTensor shared) {
  shared.shared = false;
  shared.dims[1] = kLanes;
  return shared;
}

LocalTensor bias_row(const TileCtx& t, const Need& need, int scratch, Emitter& e) {
  const LocalTensor bias = t.input(2, need.box);
  if (scratch < 0) return bias;
  const LocalTensor wide = shared_row(t.scratch[static_cast<size_t>(scratch)], Prec::F32, bias.dims);
  e.cast(in_all_lanes(wide), in_all_lanes(bias));
  return wide;
}

}  // namespace

// Rows of 64 filters that do not follow each other closely (f32 whose K is no multiple of 16, matrices side by side)
// are one command each.
void multiply_rows(const LocalTensor& out, const LocalTensor& a, const LocalTensor& b, const ConvArgs& args,
                   Emitter& e) {
  const int64_t block = a.prec == Prec::F32 ? 1 : kEuBytes / a.elem_bytes();
  if (a.rows() == 1 || (a.strides[1] == align_up(a.dims[3], block) && out.is_aligned()))
    return e.conv(out, b, a.addr, Arg::constant(0), args);
  for (int64_t c = 0; c < out.dims[1]; c += kLanes) {
    Shape4 rows = out.dims;
    rows[1] = std::min(kLanes, out.dims[1] - c);
    e.conv(out.at(0, c, 0, 0, rows), b, a.at(0, c, 0, 0, {1, rows[1], 1, a.dims[3]}).addr, Arg::constant(0), args);
  }
}

namespace {

// Takes zero_b times the sum of a's row off each row of `out`: the product with a column of zero points.
void subtract_zeros(const Geometry& g, const LocalTensor& out, const LocalTensor& a, const LocalTensor& zeros,
                    const LocalTensor& row_sums, ConvArgs args, Emitter& e) {
  args.accumulate = false;
  e.fill(zeros, static_cast<uint32_t>(g.zero_b) & 0xff);
  multiply_rows(row_sums, a, zeros, args, e);
  e.ar(ArOp::Sub, out, out, row_sums);
}

void emit_rows(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const auto n = needs(op, t.region);
  const Scratch s = scratch_of(op, g, t.region);
  const LocalTensor a = t.input(0, n[0].box);
  const LocalTensor b = packs_rows(op, g, t.region)
                            ? aligned(t.image, g.prec, {1, depth_of(g, t.region).extent, 1, g.b.columns})
                            : t.input(1, n[1].box);
  const bool has_bias = op.in(2) != nullptr, first = starts(g, t.region);
  if (has_bias && first) e.copy(sums, bias_row(t, n[2], s.bias, e));
  ConvArgs args;
  args.accumulate = has_bias || !first;
  args.in_signed = g.b_signed, args.filter_signed = g.a_signed, args.filter_zero = g.zero_a;
  for (int64_t i = 0; i < g.matrix_count(t.region); ++i) {
    const LocalTensor y = g.y.one(sums, i), x = g.a.one(a, i);
    multiply_rows(y, x, g.b.one(b, i), args, e);
    if (s.zeros < 0) continue;
    subtract_zeros(g, y, x, aligned(t.scratch[static_cast<size_t>(s.zeros)], g.prec, {1, x.dims[3], 1, 1}),
                   aligned(t.scratch[static_cast<size_t>(s.row_sums)], g.sum_prec(), {1, y.dims[1], 1, 1}), args, e);
  }
}

// Columns have scales of their own: in f32, in place of the sums.
void requantize_columns(const Geometry& g, const LocalTensor& out, const LocalTensor& sums, const LocalTensor& scales,
                        Emitter& e) {
  const LocalTensor wide = sums.as(Prec::F32);
  const Shape4 row{1, 1, 1, scales.dims[3]};
  e.cast(wide, sums);
  e.ar(ArOp::Mul, wide, wide, scales.at(0, 0, 0, 0, row));
  e.ar(ArOp::Add, wide, wide, scales.at(0, 0, 1, 0, row));
  e.unary(ArOp::Cast, out, wide, {.out_signed = g.out_signed});
}

void requantize_rows(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const LocalTensor out = t.output();
  if (!has_fixed_scale(op)) return requantize_columns(g, out, sums, t.input(3, scale_box(op, t.region)), e);
  const auto rq = op.in(3)->tensor().as<float>();
  e.requantize(out, sums, rq[0], rq[1], {.out_signed = g.out_signed});
}

void finish(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const LocalTensor out = t.output();
  if (g.is_integer && op.in(3) != nullptr) {
    if (!g.by_columns) return requantize_rows(op, g, t, sums, e);
    const uint32_t spread = t.scratch[static_cast<size_t>(scratch_of(op, g, t.region).rq)];
    const uint32_t rows = requantization_rows(image_of(op, g, t.region).parameters(), t.image, spread, e);
    return e.requantize(out, sums, rows, {.out_signed = g.out_signed});
  }
  if (out.prec != sums.prec) e.cast(out, sums);
  apply_activation(op.attrs<MatMul>().activation, out, e);
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = matmul_geometry(op);
  const LocalTensor out = t.output();
  const int apart = scratch_of(op, g, t.region).sums;
  const LocalTensor sums = apart < 0 ? out : aligned(t.scratch[static_cast<size_t>(apart)], g.sum_prec(), out.dims);
  if (g.by_columns)
    emit_columns(op, g, t, sums, e);
  else
    emit_rows(op, g, t, sums, e);
  if (ends(g, t.region)) finish(op, g, t, sums, e);
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
                                   .emit = emit},
                                  weight_matmul_kernel()};
  return kTable;
}

}  // namespace tpuc::bm1684x
