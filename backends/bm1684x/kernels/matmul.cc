// matmul on the convolution array, in two ways.   source: COOKBOOK.md section 2, TIU.md section 4
//   rows:    A's rows are the filters (lane m), B [K,N] is the image [1,K,1,N], the result is [batch,M,1,N]: everything
//   as in DDR columns: few rows and a constant B: B's columns are the filters, packed with the bias; A is the image
//   [1,K,1,M]
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

namespace tpuc::bm1684x {

namespace {

using ops::MatMul;

// Up to here a channel row of 64 columns is cheaper than lanes half empty of rows.
constexpr int64_t kFewRows = 48;

struct Geometry {
  int64_t batch_a = 1, batch_b = 1, m = 1, k = 1, n = 1;
  bool transpose_a = false, transpose_b = false;
  bool by_columns = false;
  Prec prec = Prec::F32;
  int64_t batch() const { return std::max(batch_a, batch_b); }
};

int64_t product(const Dims& d, size_t first, size_t last) {
  int64_t p = 1;
  for (size_t i = first; i < last; ++i) p *= d[i];
  return p;
}

Geometry geometry(const Op& op) {
  const auto& attrs = op.attrs<MatMul>();
  const Dims &a = op.in(0)->type.dims, &b = op.in(1)->type.dims;
  Geometry g;
  g.prec = prec_of(op.out(0)->type.dtype);
  g.transpose_a = attrs.transpose_a;
  g.transpose_b = attrs.transpose_b;
  g.m = a[a.size() - (g.transpose_a ? 1 : 2)];
  g.k = a[a.size() - (g.transpose_a ? 2 : 1)];
  g.n = b[b.size() - (g.transpose_b ? 2 : 1)];
  g.batch_a = product(a, 0, a.size() - 2);
  g.batch_b = product(b, 0, b.size() - 2);
  // One B for all: the batches of A are more rows.
  if (g.batch_b == 1 && !g.transpose_a) {
    g.m *= g.batch_a;
    g.batch_a = 1;
  }
  g.by_columns =
      op.in(1)->is_constant() && g.batch() == 1 && g.m <= kFewRows && (op.in(2) == nullptr || op.in(2)->is_constant());
  return g;
}

// The inner columns of a tile.
Depth depth_of(const Geometry& g, const Region& out) { return out.depth.extent > 0 ? out.depth : Depth{0, g.k}; }
bool starts(const Geometry& g, const Region& out) { return depth_of(g, out).begin == 0; }
bool ends(const Geometry& g, const Region& out) {
  const Depth d = depth_of(g, out);
  return d.begin + d.extent == g.k;
}

// The batches of both are the same, or one has only one.
bool batches_pair(const Op& op, const Geometry& g) {
  if (g.batch_a == 1 || g.batch_b == 1) return true;
  const Dims &a = op.in(0)->type.dims, &b = op.in(1)->type.dims;
  const auto leading = [](const Dims& d) {
    Dims l(d.begin(), d.end() - 2);
    l.erase(l.begin(), std::find_if(l.begin(), l.end(), [](int64_t x) { return x != 1; }));
    return l;
  };
  return leading(a) == leading(b);
}

Support supports(const Op& op, DType) {
  if (!is_float(op.in(0)->type.dtype)) return {false, fmt::format("elements are {}", to_string(op.in(0)->type.dtype))};
  const Geometry g = geometry(op);
  if (op.in(0)->type.dtype != op.in(1)->type.dtype && !g.by_columns)
    return {false, "the operands have two element types"};
  if (!batches_pair(op, g))
    return {false, fmt::format("the leading axes of {} and {} broadcast against each other",
                               to_string(op.in(0)->type.dims), to_string(op.in(1)->type.dims))};
  for (const int64_t d : {g.batch(), g.m, g.k, g.n})
    if (d > kMaxDim) return {false, fmt::format("extent {} of a matrix exceeds 65535 (TIU.md section 14)", d)};
  return {};
}

View matrix(int64_t batch, int64_t rows, int64_t columns, bool transposed) {
  View v{{batch, rows, 1, columns}, {rows * columns, transposed ? 1 : columns, 0, transposed ? rows : 1}};
  if (columns == 1) v.strides[3] = 1;
  return normalized(v);
}

Views views(const Op& op) {
  const Geometry g = geometry(op);
  Views v;
  v.in.resize(op.in().size());
  if (g.by_columns) {  // the image of A: its K in lanes
    v.in[0] = matrix(1, g.k, g.m, !g.transpose_a);
    v.out = matrix(1, g.n, g.m, true);
    return v;
  }
  v.in[0] = matrix(g.batch_a, g.m, g.k, g.transpose_a);
  v.in[1] = matrix(g.batch_b, g.k, g.n, g.transpose_b);
  v.out = matrix(g.batch(), g.m, g.n, false);
  if (op.in(2) != nullptr) v.in[2] = row_major({1, 1, 1, g.n});
  return v;
}

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  std::vector<Need> n(op.in().size());
  const Depth d = depth_of(g, out);
  if (g.by_columns) {
    n[0] = {Need::Kind::Box, {{0, d.begin, 0, out.begin[3]}, {1, d.extent, 1, out.extent[3]}}};
    return n;
  }
  const auto batches = [&](int64_t count) {
    return count == 1 ? std::pair{int64_t{0}, int64_t{1}} : std::pair{out.begin[0], out.extent[0]};
  };
  const auto [a_first, a_count] = batches(g.batch_a);
  const auto [b_first, b_count] = batches(g.batch_b);
  n[0] = {Need::Kind::Box, {{a_first, out.begin[1], 0, d.begin}, {a_count, out.extent[1], 1, d.extent}}};
  n[1] = {Need::Kind::Box, {{b_first, d.begin, 0, out.begin[3]}, {b_count, d.extent, 1, out.extent[3]}}};
  if (op.in(2) != nullptr) n[2] = {Need::Kind::Shared, {{0, 0, 0, out.begin[3]}, {1, 1, 1, out.extent[3]}}};
  return n;
}

ConvImage image_of(const Op& op, const Geometry& g, const Region& out) {
  return {{out.extent[1], depth_of(g, out).extent, 1, g.prec}, op.in(2) != nullptr && starts(g, out)};
}

// Halves that one command does not finish add up in f32: parts of the inner columns, and rows that start from a bias.
bool sums_apart(const Op& op, const Geometry& g, const Region& out) {
  const bool in_parts = depth_of(g, out).extent < g.k;
  return g.prec != Prec::F32 && (in_parts || (!g.by_columns && op.in(2) != nullptr));
}

Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
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
  const Geometry g = geometry(op);
  FilterSource source;
  source.filter = &op.in(1)->tensor();
  source.opt_bias = op.in(2) != nullptr ? &op.in(2)->tensor() : nullptr;
  source.in_per_group = g.k, source.out_per_group = g.n;
  source.is_oihw = g.transpose_b;
  source.first_out = out.begin[1], source.first_in = depth_of(g, out).begin;
  return pack_conv(image_of(op, g, out), source);
}

void emit_columns(const Op& op, const Geometry& g, const TileCtx& t, const LocalTensor& sums, Emitter& e) {
  const ConvImage im = image_of(op, g, t.region);
  const Arg bias =
      im.has_bias ? Arg(compact(t.image, Prec::F32, {1, im.filters.out_channels, 1, 1})) : Arg::constant(0);
  ConvArgs args;
  args.accumulate = !starts(g, t.region);
  e.conv(sums, t.input(0, needs(op, t.region)[0].box), t.image + static_cast<uint32_t>(im.bias_bytes()), bias, args);
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

// out [1,M,1,N] = rows of a * image b (+ what `out` holds). f32 rows are followed by the next group's only when K is a
// multiple of 16: otherwise each group of 64 rows is one command.
void multiply(const LocalTensor& out, const LocalTensor& a, const LocalTensor& b, bool accumulate, Emitter& e) {
  ConvArgs args;
  args.accumulate = accumulate;
  const int64_t block = a.prec == Prec::F32 ? 1 : kEuBytes / a.elem_bytes();
  if (a.rows() == 1 || a.strides[1] == align_up(a.dims[3], block))
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
  for (int64_t i = 0; i < sums.dims[0]; ++i) {
    const auto batch = [&](const LocalTensor& x) {
      return x.at(x.dims[0] == 1 ? 0 : i, 0, 0, 0, {1, x.dims[1], x.dims[2], x.dims[3]});
    };
    multiply(batch(sums), batch(a), batch(b), has_bias || !first, e);
  }
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = geometry(op);
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

Axes axes(const Op& op) { return {.depth = geometry(op).k}; }

}  // namespace

std::span<const Kernel> matmul_kernels() {
  static const Kernel kTable[] = {{.op = MatMul::kName,
                                   .supports = supports,
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
