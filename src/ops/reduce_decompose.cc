// A reduction in steps: one group of neighbouring axes after the other, and of a long one its parts first.
#include <algorithm>

#include "ops/import.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {

namespace {

// A row that any chip holds a few times over in f32.   elements
constexpr int64_t kRow = 8192;
// Rows that keep a chip's lanes busy.
constexpr int64_t kRows = 64;
// Divisors are looked for one by one.
constexpr int64_t kMostTried = 1 << 16;

// What the second step does with results of the first.
ReduceKind next_step(ReduceKind k) { return k == ReduceKind::L1 || k == ReduceKind::SumSquare ? ReduceKind::Sum : k; }

// How many parts of equal length: each no longer than kRow, and enough of them together with `others`; 1: no way.
int64_t parts_of(int64_t length, int64_t others) {
  const int64_t first = std::max<int64_t>(2, ceil_div(length, kRow)), last = std::min(length / 2, first + kMostTried);
  int64_t best = 1;
  for (int64_t p = first; p <= last; ++p) {
    if (length % p != 0) continue;
    if (best == 1) best = p;
    if (p * others >= kRows || p >= kRows) return p * others >= kRows ? p : best;
  }
  return best;
}

Value* reduce_middle(Builder& b, Value* x, ReduceKind kind) {
  return b.add<Reduce>({x}, {.kind = kind, .axes = {1}, .keep_dims = true});
}

}  // namespace

Values Reduce::decompose(const Op& op, Builder& b) {
  const Attrs& a = op.attrs<Reduce>();
  const Dims &d = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  if (!is_float(op.in(0)->type.dtype) || element_count(d) == 0) return {};
  const auto last = static_cast<size_t>(a.axes.back());
  size_t first = last;
  while (first > 0 && std::binary_search(a.axes.begin(), a.axes.end(), static_cast<int64_t>(first) - 1)) --first;
  const auto axis = [&](size_t i) { return d.begin() + static_cast<std::ptrdiff_t>(i); };
  const int64_t outer = element_count(Dims(d.begin(), axis(first))),
                inner = element_count(Dims(axis(last + 1), d.end()));
  const int64_t length = element_count(Dims(axis(first), axis(last + 1)));
  const size_t in_group = last - first + 1;
  if (a.axes.size() > in_group) {
    Value* x = reduce_middle(b, reshape(b, op.in(0), {outer, length, inner}), a.kind);
    Dims kept = d;
    std::fill(kept.begin() + static_cast<std::ptrdiff_t>(first), kept.begin() + static_cast<std::ptrdiff_t>(last) + 1,
              1);
    Attrs rest{next_step(a.kind), {a.axes.begin(), a.axes.end() - static_cast<std::ptrdiff_t>(in_group)}, true};
    return {reshape(b, b.add<Reduce>({reshape(b, x, kept)}, rest), out)};
  }
  const Dims simple{outer, length, inner};
  if (length <= kRow) {
    if (d == simple) return {};
    return {reshape(b, reduce_middle(b, reshape(b, op.in(0), simple), a.kind), out)};
  }
  const int64_t parts = parts_of(length, outer * inner);
  if (parts == 1) return {};
  Value* x = reduce_middle(b, reshape(b, op.in(0), {outer * parts, length / parts, inner}), a.kind);
  return {reshape(b, reduce_middle(b, reshape(b, x, {outer, parts, inner}), next_step(a.kind)), out)};
}

}  // namespace tpuc::ops
