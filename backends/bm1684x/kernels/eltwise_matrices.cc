// See the header.
#include "backends/bm1684x/kernels/eltwise_matrices.h"

#include <algorithm>

#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/matmul_geometry.h"
#include "ops/matmul.h"
#include "ops/quantize.h"
#include "ops/softmax.h"
#include "ops/table_softmax.h"

namespace tpuc::bm1684x {

namespace {

constexpr int kMostSteps = 6;  // back to the product

bool is_elementwise(const Op& op) {
  const Kernel* k = find_kernel(op.name());
  return k != nullptr && (k->views == one_operand_views || k->views == broadcast_op_views || op.is<ops::Quantize>() ||
                          op.is<ops::Lut>() || op.is<ops::Requantize>());
}

// A product whose result lies as [batch, rows, 1, columns] of the value's own axes.
bool is_product(const Op& op) {
  if (!op.is<ops::MatMul>() || !op.attrs<ops::MatMul>().order_y.empty() || !matmul_supports(op, DType::F32).ok)
    return false;
  const MatMulGeometry g = matmul_geometry(op);
  const Dims& d = op.out(0)->type.dims;
  return !g.by_columns && !g.y.is_side_by_side && g.y.batch > 1 && g.y.rows == d[d.size() - 2];
}

bool is_row_by_row(const Op& op) {
  const auto is_last = [&](int64_t axis) { return axis + 1 == static_cast<int64_t>(op.out(0)->type.dims.size()); };
  if (op.is<ops::TableSoftmax>()) return is_last(op.attrs<ops::TableSoftmax>().axis);
  return op.is<ops::Softmax>() && is_last(op.attrs<ops::Softmax>().axis);
}

bool is_stack(const Value& v, int steps);

bool follows(const Op& op, int steps) {
  const Dims& d = op.out(0)->type.dims;
  return steps > 0 && d.size() >= 3 && std::any_of(op.in().begin(), op.in().end(), [&](const Value* in) {
           return in != nullptr && in->type.dims == d && is_stack(*in, steps - 1);
         });
}

bool is_stack(const Value& v, int steps) {
  if (v.def == nullptr || v.type.dims.size() < 3) return false;
  const Op& op = *v.def;
  if (op.is<ops::MatMul>()) return is_product(op);
  return (is_row_by_row(op) || is_elementwise(op)) && follows(op, steps);
}

// Leading axes as one; nothing where only some of them are there.
std::optional<Dims> joined(const Dims& d, const Dims& out) {
  Dims padded(out.size() - d.size(), 1);
  padded.insert(padded.end(), d.begin(), d.end());
  const auto leading = static_cast<std::ptrdiff_t>(out.size()) - 2;
  const Dims own(padded.begin(), padded.begin() + leading), all(out.begin(), out.begin() + leading);
  if (own != all && element_count(own) != 1) return std::nullopt;
  return Dims{element_count(own), padded[out.size() - 2], 1, padded.back()};
}

}  // namespace

bool follows_matrices(const Op& op) { return follows(op, kMostSteps); }

std::optional<MatrixDims> as_matrices(const Dims& out, std::span<const Dims* const> in) {
  MatrixDims m{joined(out, out).value(), {}};
  for (const Dims* d : in) {
    m.in.push_back(d == nullptr ? std::nullopt : joined(*d, out));
    if (d != nullptr && !m.in.back()) return std::nullopt;
  }
  return m;
}

}  // namespace tpuc::bm1684x
