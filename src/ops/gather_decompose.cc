// Index operators in the forms that a copy engine has: single elements along the last axis, rows by one index.
#include <numeric>

#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/import.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

// A negative index counts from the end.
Value* wrapped(Builder& b, Value* index, int64_t length) {
  Value* is_negative = b.add<Less>({index, scalar_like(b, index, 0)});
  Value* from_end = b.add<Add>({index, scalar_like(b, index, static_cast<double>(length))});
  return b.add<Select>({is_negative, from_end, index});
}

// Index tuples [..., K] over the first K axes of `x` as single indices [T] over them all.
Value* single_indices(Builder& b, Value* indices, const Dims& x) {
  const int64_t k = indices->type.dims.back(), tuples = element_count(indices->type) / k;
  Value* all = reshape(b, indices, {tuples, k});
  Value* sum = nullptr;
  for (int64_t i = 0; i < k; ++i) {
    Value* column = b.add<Slice>({all}, {{0, i}, {1, 1}, {tuples, 1}});
    column = wrapped(b, column, x[static_cast<size_t>(i)]);
    const int64_t step = element_count(Dims(x.begin() + i + 1, x.begin() + k));
    if (step != 1) column = b.add<Mul>({column, scalar_like(b, column, static_cast<double>(step))});
    sum = sum == nullptr ? column : b.add<Add>({sum, column});
  }
  return reshape(b, sum, {tuples});
}

// [the axes that are indexed as one, the others as one]
Dims as_rows(const Dims& x, int64_t k) {
  return {element_count(Dims(x.begin(), x.begin() + k)), element_count(Dims(x.begin() + k, x.end()))};
}

}  // namespace

// Axes other than the searched one are cut to the result's, and the searched one becomes the last.
Values GatherElements::decompose(const Op& op, Builder& b) {
  const auto axis = static_cast<size_t>(op.attrs<GatherElements>().axis);
  const Dims &d = op.in(0)->type.dims, &y = op.out(0)->type.dims;
  Value *x = op.in(0), *index = op.in(1);
  const size_t last = d.size() - 1;
  Dims part = y;
  part[axis] = d[axis];
  if (part == d && axis == last) return {};
  if (part != d) x = b.add<Slice>({x}, {Dims(d.size(), 0), Dims(d.size(), 1), part});
  std::vector<int64_t> order(d.size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[axis], order[last]);
  if (axis != last) x = b.add<Permute>({x}, {order}), index = b.add<Permute>({index}, {order});
  Value* z = b.add<GatherElements>({x, index}, {static_cast<int64_t>(last), op.attrs<GatherElements>().non_negative});
  return {axis == last ? z : b.add<Permute>({z}, {order})};
}

Values GatherNd::decompose(const Op& op, Builder& b) {
  const Dims& x = op.in(0)->type.dims;
  const int64_t k = op.in(1)->type.dims.back();
  if (op.attrs<GatherNd>().batch_dims != 0 || k == 0) return {};
  Value* rows = reshape(b, op.in(0), as_rows(x, k));
  return {reshape(b, b.add<Gather>({rows, single_indices(b, op.in(1), x)}, {0, true}), op.out(0)->type.dims)};
}

Values ScatterNd::decompose(const Op& op, Builder& b) {
  const Dims& x = op.in(0)->type.dims;
  const int64_t k = op.in(1)->type.dims.back();
  if (op.attrs<ScatterNd>().kind != ScatterKind::Replace || k <= 1) return {};
  const Dims rows = as_rows(x, k);
  Value* index = single_indices(b, op.in(1), x);
  const int64_t count = index->type.dims[0];
  Value* y = b.add<ScatterNd>(
      {reshape(b, op.in(0), rows), reshape(b, index, {count, 1}), reshape(b, op.in(2), {count, rows[1]})},
      op.attrs<ScatterNd>());
  return {reshape(b, y, x)};
}

}  // namespace tpuc::ops
