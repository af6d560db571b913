// ONNX CumSum, TopK, Hardmax and ReverseSequence: running sums by adding shifted copies, the largest elements one after
// the other.
#include "ops/axis_import.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/import.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

// Elements that TopK picks one by one, in three operators each.
constexpr int64_t kMostPicked = 1024;

// y[i] = x[i - by] along the axis, or x[i + by] when reversed; zeros come in.
Value* shifted(Builder& b, Value* x, size_t axis, int64_t by, bool reverse) {
  const Dims& d = x->type.dims;
  Slice::Attrs part{Dims(d.size(), 0), Dims(d.size(), 1), d};
  part.sizes[axis] -= by;
  Pad::Attrs zeros{.begin = Dims(d.size(), 0), .end = Dims(d.size(), 0)};
  (reverse ? part.starts : zeros.begin)[axis] = by;
  if (reverse) zeros.end[axis] = by;
  return b.add<Pad>({b.add<Slice>({x}, std::move(part))}, std::move(zeros));
}

// A tensor as [outer, length, inner] around one axis.
struct Around {
  int64_t outer, length, inner;
  Around(const Dims& d, size_t axis)
      : outer(element_count(Dims(d.begin(), d.begin() + static_cast<std::ptrdiff_t>(axis)))),
        length(d[axis]),
        inner(element_count(Dims(d.begin() + static_cast<std::ptrdiff_t>(axis) + 1, d.end()))) {}
  Dims dims() const { return {outer, length, inner}; }
};

// E1023 when a constant with one index for each of `count` elements were too large.
void require_few(const NodeView& n, int64_t count) {
  constexpr int64_t kMostIndexBytes = int64_t{1} << 31;
  if (!is_sane({count}, DType::I64, kMostIndexBytes))
    throw UserError(diagnostic(ErrorCode::E1023, "{}: {} elements", n.op, count)
                        .note("hint", "their indices, a constant made at import, have at most 2 GiB"));
}

// 0, 1, 2, ... along the middle axis.
Value* positions(const NodeView& n, Builder& b, int64_t length) {
  require_few(n, length);
  std::vector<int64_t> numbers(static_cast<size_t>(length));
  std::iota(numbers.begin(), numbers.end(), 0);
  return b.constant(Tensor::from_i64({1, length, 1}, numbers));
}

// What is taken out lies beyond all others: -inf, or +inf where the smallest are looked for. Elements that are infinite
// themselves count as the outermost finite ones.
constexpr double kInfinity = std::numeric_limits<double>::infinity(), kMost = std::numeric_limits<float>::max();
Value* finite_on_one_side(Builder& b, Value* x, bool largest) {
  return largest ? b.add<Max>({x, scalar_like(b, x, -kMost)}) : b.add<Min>({x, scalar_like(b, x, kMost)});
}

}  // namespace

// exact in integers; of floats each result is a sum of at most 1 + log2(length) roundings. No other element's infinity
// reaches it, as it would by a product with a triangular matrix.
Values import_cum_sum(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const auto axis = static_cast<size_t>(wrap_axis(n, static_cast<int64_t>(constant_number(n, 1)), x->type.dims.size()));
  const bool reverse = n.get_int("reverse", 0) != 0;
  const int64_t length = x->type.dims[axis];
  if (length > 0 && n.get_int("exclusive", 0) != 0) x = shifted(b, x, axis, 1, reverse);
  for (int64_t by = 1; by < length; by *= 2) x = b.add<Add>({x, shifted(b, x, axis, by, reverse)});
  return {x};
}

// The largest element, then of the others, and so on: of equal ones the first, and in order whether it is asked for or
// not.
Values import_top_k(const NodeView& n, Builder& b) {
  const Dims& d = n.input(0)->type.dims;
  const auto axis = static_cast<size_t>(wrap_axis(n, n.get_int("axis", -1), d.size()));
  const bool largest = n.get_int("largest", 1) != 0;
  const int64_t k = n.opset < 10 ? n.get_int("k", 1) : static_cast<int64_t>(constant_number(n, 1));
  if (k < 1 || k > d[axis])
    throw UserError(diagnostic(ErrorCode::E1208, "{}: k is {}, the axis has {} elements", n.op, k, d[axis]));
  if (!is_float(n.input(0)->type.dtype))
    throw UserError(
        diagnostic(ErrorCode::E1202, "{}: elements are {}, expected floats", n.op, to_string(n.input(0)->type.dtype)));
  if (k > kMostPicked)
    refuse(n, fmt::format("k is {}", k),
           fmt::format("elements are picked one after the other, at most {}: cut the model before it with --outputs "
                       "and sort on the host",
                       kMostPicked));
  const Around a(d, axis);
  Value* all = reshape(b, n.input(0), a.dims());
  Value *left = k == 1 ? all : finite_on_one_side(b, all, largest), *places = positions(n, b, a.length);
  const ArgAttrs how{.axis = 1};
  Values picked;
  for (int64_t i = 0; i < k; ++i) {
    picked.push_back(largest ? b.add<ArgMax>({left}, how) : b.add<ArgMin>({left}, how));
    if (i + 1 == k) break;
    Value* is_taken = b.add<Equal>({places, picked.back()});
    left = b.add<Select>({is_taken, scalar_like(b, left, largest ? -kInfinity : kInfinity), left});
  }
  Value* index = k == 1 ? picked[0] : b.add<Concat>(picked, {1});
  Dims y = d;
  y[axis] = k;
  return {reshape(b, b.add<GatherElements>({all, index}, {1, true}), y), reshape(b, index, y)};
}

// 1 at the first of the largest elements, else 0. Before opset 13 all axes from `axis` on count as one.
Values import_hardmax(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const Dims& d = x->type.dims;
  const auto axis = static_cast<size_t>(wrap_axis(n, n.get_int("axis", n.opset < 13 ? 1 : -1), d.size()));
  Around a(d, axis);
  if (n.opset < 13) a.length *= a.inner, a.inner = 1;
  Value* rows = reshape(b, x, a.dims());
  Value* is_top = b.add<Equal>({positions(n, b, a.length), b.add<ArgMax>({rows}, {.axis = 1})});
  return {reshape(b, cast(b, is_top, x->type.dtype), d)};
}

// The first lengths[i] elements of sequence i turned round, by their places.
Values import_reverse_sequence(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const Dims& d = x->type.dims;
  const int64_t time = n.get_int("time_axis", 0), batch = n.get_int("batch_axis", 1);
  if (d.size() < 2 || time + batch != 1 || time < 0 || batch < 0)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: time_axis {} and batch_axis {} of {}", n.op, time, batch,
                               to_string(x->type)));
  const int64_t steps = d[static_cast<size_t>(time)], count = d[static_cast<size_t>(batch)];
  const std::vector<int64_t> lengths = n.constant_ints(1);
  if (static_cast<int64_t>(lengths.size()) != count)
    throw UserError(diagnostic(ErrorCode::E1209, "{}: {} lengths of {} sequences", n.op, lengths.size(), count));
  require_few(n, steps * count);
  std::vector<int64_t> rows(static_cast<size_t>(steps * count));
  for (int64_t t = 0; t < steps; ++t)
    for (int64_t i = 0; i < count; ++i) {
      const int64_t length = lengths[static_cast<size_t>(i)], from = t < length ? length - 1 - t : t;
      if (length < 0 || length > steps)
        throw UserError(diagnostic(ErrorCode::E1210, "{}: a length of {}, the axis has {}", n.op, length, steps));
      const auto row = [&](int64_t at) { return time == 0 ? at * count + i : i * steps + at; };
      rows[static_cast<size_t>(row(t))] = row(from);
    }
  Dims flat(d.begin() + 1, d.end());
  flat[0] = steps * count;
  Value* index = b.constant(Tensor::from_i64({steps * count}, rows));
  return {reshape(b, b.add<Gather>({reshape(b, x, flat), index}, {0, true}), d)};
}

}  // namespace tpuc::ops
