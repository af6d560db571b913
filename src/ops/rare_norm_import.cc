// See the header.
#include "ops/rare_norm_import.h"

#include <algorithm>

#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace tpuc::ops {

namespace {

Value* reduce(Builder& b, Value* x, ReduceKind kind, std::vector<int64_t> axes) {
  return b.add<Reduce>({x}, {.kind = kind, .axes = std::move(axes), .keep_dims = true});
}

}  // namespace

// x / norm along an axis; where all of it is zero it stays zero.
Values import_lp_normalization(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const int64_t p = n.get_int("p", 2), axis = wrap_axis(n, n.get_int("axis", -1), x->type.dims.size());
  if (p != 1 && p != 2) refuse(n, fmt::format("attribute `p` is {}", p), "norms of order 1 and 2 are supported");
  Value* norm = reduce(b, x, p == 1 ? ReduceKind::L1 : ReduceKind::L2, {axis});
  Value* is_zero = b.add<Equal>({norm, scalar_like(b, norm, 0)});
  return {b.add<Div>({x, b.add<Select>({is_zero, scalar_like(b, norm, 1), norm})})};
}

// (x - mean) / (deviation + 1e-9)
Values import_mean_variance_normalization(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  std::vector<int64_t> axes = n.get_ints("axes");
  if (axes.empty()) axes = {0, 2, 3};
  axes = wrap_axes(n, axes, x->type.dims.size());
  std::sort(axes.begin(), axes.end());
  Value* centred = b.add<Sub>({x, reduce(b, x, ReduceKind::Mean, axes)});
  Value* deviation = b.add<Sqrt>({reduce(b, b.add<Mul>({centred, centred}), ReduceKind::Mean, axes)});
  return {b.add<Div>({centred, b.add<Add>({deviation, scalar_like(b, x, 1e-9)})})};
}

}  // namespace tpuc::ops
