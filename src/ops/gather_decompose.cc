// Index operators in the forms that a copy engine has: single elements along the last axis, rows by one index, and no
// more rows than it counts.
#include <algorithm>
#include <numeric>

#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/import.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {

Value* wrapped_index(Builder& b, Value* index, int64_t length) {
  Value* is_negative = b.add<Less>({index, scalar_like(b, index, 0)});
  Value* from_end = b.add<Add>({index, scalar_like(b, index, static_cast<double>(length))});
  return b.add<Select>({is_negative, from_end, index});
}

namespace {

// Rows that 16 bits count.
constexpr int64_t kMostRows = 65535;

// Index tuples [..., K] over the first K axes of `x` as single indices [T] over them all.
Value* single_indices(Builder& b, Value* indices, const Dims& x) {
  const int64_t k = indices->type.dims.back(), tuples = element_count(indices->type) / k;
  Value* all = reshape(b, indices, {tuples, k});
  Value* sum = nullptr;
  for (int64_t i = 0; i < k; ++i) {
    Value* column = b.add<Slice>({all}, {{0, i}, {1, 1}, {tuples, 1}});
    column = wrapped_index(b, column, x[static_cast<size_t>(i)]);
    const int64_t step = element_count(Dims(x.begin() + i + 1, x.begin() + k));
    if (step != 1) column = b.add<Mul>({column, scalar_like(b, column, static_cast<double>(step))});
    sum = sum == nullptr ? column : b.add<Add>({sum, column});
  }
  return reshape(b, sum, {tuples});
}

// A long axis in parts of equal length, but for the last. `index` is not negative; before[p]: it leads before part p,
// which the last of them always says.
struct Parts {
  int64_t length = 0, size = 0;
  std::vector<Value*> before;
  int64_t count() const { return static_cast<int64_t>(before.size()); }
  int64_t begin(int64_t p) const { return p * length; }
  int64_t extent(int64_t p) const { return std::min(length, size - begin(p)); }
};
Parts parts_of(Builder& b, Value* index, int64_t size, int64_t most) {
  Parts parts{ceil_div(size, ceil_div(size, most)), size, {}};
  for (int64_t at = 0; at < size; at += parts.length)
    parts.before.push_back(at == 0 ? nullptr : b.add<Less>({index, scalar_like(b, index, static_cast<double>(at))}));
  return parts;
}

// The index into part p; `elsewhere` where it leads into another one.
Value* local_index(Builder& b, const Parts& parts, int64_t p, Value* index, int64_t elsewhere) {
  const auto at = static_cast<size_t>(p);
  Value* other = scalar_like(b, index, static_cast<double>(elsewhere));
  Value* local = index;
  if (p > 0) {
    local = b.add<Sub>({index, scalar_like(b, index, static_cast<double>(parts.begin(p)))});
    local = b.add<Select>({parts.before[at], other, local});
  }
  return p + 1 < parts.count() ? b.add<Select>({parts.before[at + 1], local, other}) : local;
}

// Elements [begin, begin + extent) of an axis.
Value* part_of_axis(Builder& b, Value* x, size_t axis, int64_t begin, int64_t extent) {
  const Dims& d = x->type.dims;
  Slice::Attrs a{Dims(d.size(), 0), Dims(d.size(), 1), d};
  a.starts[axis] = begin, a.sizes[axis] = extent;
  return b.add<Slice>({x}, a);
}

// [the axes that are indexed as one, the others as one]
Dims as_rows(const Dims& x, int64_t k) {
  return {element_count(Dims(x.begin(), x.begin() + k)), element_count(Dims(x.begin() + k, x.end()))};
}

}  // namespace

// Each part is asked for its rows; of what they answer, the part that has the row counts.
Values Gather::decompose(const Op& op, Builder& b) {
  const Attrs& a = op.attrs<Gather>();
  const Dims &d = op.in(0)->type.dims, &y = op.out(0)->type.dims;
  const int64_t size = d[static_cast<size_t>(a.axis)], count = element_count(op.in(1)->type);
  if (size <= kMostRows || element_count(y) == 0) return {};
  const int64_t outer = element_count(Dims(d.begin(), d.begin() + a.axis)), inner = element_count(d) / outer / size;
  Value *x = reshape(b, op.in(0), {outer, size, inner}), *index = reshape(b, op.in(1), {count, 1});
  if (!a.non_negative) index = wrapped_index(b, index, size);
  const Parts parts = parts_of(b, index, size, kMostRows);
  Value* picked = nullptr;
  for (int64_t p = 0; p < parts.count(); ++p) {
    Value* local = reshape(b, local_index(b, parts, p, index, 0), {count});
    Value* rows = b.add<Gather>({part_of_axis(b, x, 1, parts.begin(p), parts.extent(p)), local}, {1, true});
    picked = p == 0 ? rows : b.add<Select>({parts.before[static_cast<size_t>(p)], picked, rows});
  }
  return {reshape(b, picked, y)};
}

namespace {

Value* elements_of_long_axis(const Op& op, Builder& b) {
  const int64_t axis = op.attrs<GatherElements>().axis, size = op.in(0)->type.dims.back();
  Value* index = op.attrs<GatherElements>().non_negative ? op.in(1) : wrapped_index(b, op.in(1), size);
  const Parts parts = parts_of(b, index, size, kMostRows);
  Value* picked = nullptr;
  for (int64_t p = 0; p < parts.count(); ++p) {
    Value* part = part_of_axis(b, op.in(0), static_cast<size_t>(axis), parts.begin(p), parts.extent(p));
    Value* elements = b.add<GatherElements>({part, local_index(b, parts, p, index, 0)}, {axis, true});
    picked = p == 0 ? elements : b.add<Select>({parts.before[static_cast<size_t>(p)], picked, elements});
  }
  return picked;
}

// Each part takes the updates that are its own; one row more takes the others, and goes.
Value* scatter_over_long_axis(const Op& op, Builder& b) {
  const Dims& d = op.in(0)->type.dims;
  const int64_t count = element_count(op.in(1)->type), inner = element_count(d) / d[0];
  Value *x = reshape(b, op.in(0), {d[0], inner}), *index = reshape(b, op.in(1), {count, 1});
  Value* updates = reshape(b, op.in(2), {count, inner});
  ScatterNd::Attrs a = op.attrs<ScatterNd>();
  if (!a.non_negative) index = wrapped_index(b, index, d[0]);
  a.non_negative = true;
  const Parts parts = parts_of(b, index, d[0], kMostRows - 1);
  Values all;
  for (int64_t p = 0; p < parts.count(); ++p) {
    const int64_t extent = parts.extent(p);
    Value* part = part_of_axis(b, x, 0, parts.begin(p), extent);
    Value* wider = b.add<Concat>({part, part_of_axis(b, x, 0, 0, 1)}, {0});
    Value* y = b.add<ScatterNd>({wider, local_index(b, parts, p, index, extent), updates}, a);
    all.push_back(part_of_axis(b, y, 0, 0, extent));
  }
  return b.add<Concat>(all, {0});
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
  if (part == d && axis == last) {
    if (d.back() <= kMostRows || element_count(y) == 0) return {};
    return {elements_of_long_axis(op, b)};
  }
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
  if (op.attrs<ScatterNd>().kind != ScatterKind::Replace || k < 1) return {};
  if (k == 1) {
    if (x[0] <= kMostRows || element_count(x) == 0 || element_count(op.in(1)->type) == 0) return {};
    return {reshape(b, scatter_over_long_axis(op, b), x)};
  }
  const Dims rows = as_rows(x, k);
  Value* index = single_indices(b, op.in(1), x);
  const int64_t count = index->type.dims[0];
  Value* y = b.add<ScatterNd>(
      {reshape(b, op.in(0), rows), reshape(b, index, {count, 1}), reshape(b, op.in(2), {count, rows[1]})},
      {.kind = ScatterKind::Replace, .non_negative = true});
  return {reshape(b, y, x)};
}

}  // namespace tpuc::ops
