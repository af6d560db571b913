// See the header.
#include "backends/bm1684x/kernels/matmul_geometry.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/integer_sum.h"
#include "ops/matmul.h"

namespace tpuc::bm1684x {

namespace {

using ops::MatMul;

// Up to here a channel row of 64 columns is cheaper than lanes half empty of rows.
constexpr int64_t kFewRows = 48;

// The axes of `dims` in `order`, with their strides; the leading ones as one axis. Nothing where they lie apart.
std::optional<MatrixStack> stack_of(const Dims& dims, const std::vector<int64_t>& order, bool transposed, Prec prec) {
  const Dims stored = row_major_strides(dims);
  Dims extents = dims, strides = stored;
  for (size_t i = 0; i < order.size(); ++i) {
    extents[i] = dims[static_cast<size_t>(order[i])];
    strides[i] = stored[static_cast<size_t>(order[i])];
  }
  const size_t rank = dims.size(), row = rank - (transposed ? 1 : 2), column = rank - (transposed ? 2 : 1);
  MatrixStack m;
  m.rows = extents[row], m.row_stride = strides[row];
  m.columns = extents[column], m.column_stride = m.columns == 1 ? 1 : strides[column];
  for (size_t i = rank - 2; i-- > 0;) {
    if (extents[i] == 1) continue;
    if (m.batch > 1 && strides[i] != m.batch * m.batch_stride) return std::nullopt;
    if (m.batch == 1) m.batch_stride = strides[i];
    m.batch *= extents[i];
  }
  m.is_side_by_side = m.batch > 1 && m.column_stride == 1 && m.batch_stride == m.columns &&
                      m.row_stride == m.columns * m.batch && m.columns * size_of(prec) % kEuBytes == 0 &&
                      m.columns <= kMaxDim;
  return m;
}

bool is_in_order(const MatMul::Attrs& a) { return a.order_a.empty() && a.order_b.empty() && a.order_y.empty(); }

// The product's axis order_y[i] is stored as axis i: seen from the product, that is the inverse order.
std::vector<int64_t> inverse(const std::vector<int64_t>& order) {
  std::vector<int64_t> inv(order.size());
  for (size_t i = 0; i < order.size(); ++i) inv[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return inv;
}

std::optional<MatMulGeometry> try_geometry(const Op& op) {
  const auto& attrs = op.attrs<MatMul>();
  const DType type = op.in(0)->type.dtype;
  MatMulGeometry g;
  g.prec = prec_of(type);
  g.is_integer = !is_float(type);
  g.a_signed = type != DType::U8, g.b_signed = op.in(1)->type.dtype != DType::U8, g.out_signed = attrs.to != DType::U8;
  g.zero_a = attrs.zero_a, g.zero_b = attrs.zero_b;
  g.b_is_transposed = attrs.transpose_b;
  const auto a = stack_of(op.in(0)->type.dims, attrs.order_a, attrs.transpose_a, g.prec);
  const auto b = stack_of(op.in(1)->type.dims, attrs.order_b, attrs.transpose_b, g.prec);
  const auto y = stack_of(op.out(0)->type.dims, inverse(attrs.order_y), false, prec_of(op.out(0)->type.dtype));
  if (!a || !b || !y) return std::nullopt;
  g.a = *a, g.b = *b, g.y = *y;
  // One B for all: the batches of A are more rows.
  if (g.b.batch == 1 && !attrs.transpose_a && is_in_order(attrs)) {
    g.a.rows *= g.a.batch, g.y.rows *= g.y.batch;
    g.a.batch = g.y.batch = 1;
    g.a.is_side_by_side = g.y.is_side_by_side = false;
  }
  const auto is_known = [&](size_t i) { return op.in(i) == nullptr || op.in(i)->is_constant(); };
  g.by_columns = op.in(1)->is_constant() && g.y.batch == 1 && is_in_order(attrs) && g.a.rows <= kFewRows &&
                 is_known(2) && is_known(3);
  return g;
}

// The batches of both are the same, or one has only one.
bool batches_pair(const MatMulGeometry& g, const Op& op) {
  if (g.a.batch == 1 || g.b.batch == 1) return true;
  return g.a.batch == g.y.batch && g.b.batch == g.y.batch &&
         element_count(op.out(0)->type.dims) == g.y.batch * g.y.rows * g.y.columns;
}

}  // namespace

View MatrixStack::view() const {
  if (is_side_by_side) return row_major({1, rows, batch, columns});
  return normalized({{batch, rows, 1, columns}, {batch_stride, row_stride, 0, column_stride}});
}

Region MatrixStack::box(int64_t first, int64_t count, const Region& matrix) const {
  if (batch == 1) first = 0, count = 1;
  Region r = matrix;
  r.begin[0] = is_side_by_side ? 0 : first, r.extent[0] = is_side_by_side ? 1 : count;
  r.begin[2] = is_side_by_side ? first : 0, r.extent[2] = is_side_by_side ? count : 1;
  r.depth = {};
  return r;
}

LocalTensor MatrixStack::one(const LocalTensor& held, int64_t i) const {
  if (batch == 1) i = 0;
  return held.at(is_side_by_side ? 0 : i, 0, is_side_by_side ? i : 0, 0, {1, held.dims[1], 1, held.dims[3]});
}

MatMulGeometry matmul_geometry(const Op& op) {
  const auto g = try_geometry(op);
  TPUC_CHECK(g, "the matrices of %{} lie apart", op.out(0)->name);
  return *g;
}

Support matmul_supports(const Op& op, DType) {
  const DType type = op.in(0)->type.dtype;
  const bool is_integer = type == DType::I8 || type == DType::U8;
  if (!is_float(type) && !is_integer) return {false, fmt::format("elements are {}", to_string(type))};
  const auto g = try_geometry(op);
  if (!g) return {false, "the leading axes of a matrix in another order are not one axis"};
  if (is_integer && g->k() > ops::kMostMatrixTerms)
    return {false, fmt::format("sums of {} products of bytes may leave int32", g->k())};
  if (!is_integer && type != op.in(1)->type.dtype && !g->by_columns)
    return {false, "the operands have two element types"};
  if (!batches_pair(*g, op))
    return {false, fmt::format("the leading axes of {} and {} broadcast against each other",
                               to_string(op.in(0)->type.dims), to_string(op.in(1)->type.dims))};
  return {};
}

}  // namespace tpuc::bm1684x
