// A reduction in steps: one group of neighbouring axes after the other, and of a long one its parts first. The search
// for an extreme alike: in the parts, then among the parts.
#include <algorithm>

#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/import.h"
#include "ops/reduce.h"
#include "ops/reduce_integer.h"
#include "ops/shape.h"
#include "ops/slice.h"
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

// Elements [begin, begin + extent) of the middle axis.
Value* piece(Builder& b, Value* x, int64_t begin, int64_t extent) {
  const Dims& d = x->type.dims;
  return b.add<Slice>({x}, {{0, begin, 0}, {1, 1, 1}, {d[0], extent, d[2]}});
}

// Where a length of few divisors is cut in two: the first piece is whole rows.
int64_t first_piece(int64_t length) { return length / kRow * kRow; }

// Of pieces of two lengths, means count by their share.
Value* reduce_pieces(Builder& b, Value* x, ReduceKind kind) {
  const int64_t length = x->type.dims[1], cut = first_piece(length);
  Values results;
  for (const auto& [begin, extent] : {std::pair(int64_t{0}, cut), std::pair(cut, length - cut)}) {
    Value* r = reduce_middle(b, piece(b, x, begin, extent), kind);
    const double share = 2 * static_cast<double>(extent) / static_cast<double>(length);
    results.push_back(kind == ReduceKind::Mean ? b.add<Mul>({r, scalar_like(b, r, share)}) : r);
  }
  return reduce_middle(b, b.add<Concat>(results, {1}), next_step(kind));
}

}  // namespace

Values Reduce::decompose(const Op& op, Builder& b) {
  const Attrs& a = op.attrs<Reduce>();
  const Dims &d = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  if (op.in(0)->type.dtype == DType::I32) return decompose_integer_reduce(op, b);
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
  if (parts == 1) return {reshape(b, reduce_pieces(b, reshape(b, op.in(0), simple), a.kind), out)};
  Value* x = reduce_middle(b, reshape(b, op.in(0), {outer * parts, length / parts, inner}), a.kind);
  return {reshape(b, reduce_middle(b, reshape(b, x, {outer, parts, inner}), next_step(a.kind)), out)};
}

namespace {

// The search along the middle axis of [outer, length, inner] with all that it needs to know.
template <class S>
struct Search {
  ArgAttrs attrs;
  bool is_max = std::is_same_v<S, ArgMax>;
  Value* index(Builder& b, Value* x) const {
    ArgAttrs a = attrs;
    a.axis = 1, a.keep_dims = true;
    return b.add<S>({x}, a);
  }
  Value* extreme(Builder& b, Value* x) const { return reduce_middle(b, x, is_max ? ReduceKind::Max : ReduceKind::Min); }
  // Whether the later of two extremes is the one.
  Value* is_later(Builder& b, Value* first, Value* later) const {
    if (is_max) return attrs.select_last ? b.add<GreaterOrEqual>({later, first}) : b.add<Greater>({later, first});
    return attrs.select_last ? b.add<LessOrEqual>({later, first}) : b.add<Less>({later, first});
  }
};

// Parts of equal length: the part that has the extreme, then the place in it.
template <class S>
Value* search_parts(Builder& b, const Search<S>& s, Value* x, int64_t parts) {
  const int64_t outer = x->type.dims[0], length = x->type.dims[1] / parts, inner = x->type.dims[2];
  Value* rows = reshape(b, x, {outer * parts, length, inner});
  Value* places = reshape(b, s.index(b, rows), {outer, parts, inner});
  Value* part = s.index(b, reshape(b, s.extreme(b, rows), {outer, parts, inner}));
  Value* place = b.add<GatherElements>({places, part}, {1, true});
  return b.add<Add>({place, b.add<Mul>({part, scalar_like(b, part, static_cast<double>(length))})});
}

template <class S>
Value* search_pieces(Builder& b, const Search<S>& s, Value* x) {
  const int64_t length = x->type.dims[1], cut = first_piece(length);
  Value *first = piece(b, x, 0, cut), *later = piece(b, x, cut, length - cut);
  Value* is_later = s.is_later(b, s.extreme(b, first), s.extreme(b, later));
  Value* place = s.index(b, later);
  place = b.add<Add>({place, scalar_like(b, place, static_cast<double>(cut))});
  return b.add<Select>({is_later, place, s.index(b, first)});
}

template <class S>
Values decompose_search(const Op& op, Builder& b) {
  const Search<S> s{op.attrs<S>()};
  if (op.in(0)->type.dtype == DType::I32) return decompose_integer_search(op, b);
  const Dims& d = op.in(0)->type.dims;
  const auto axis = d.begin() + s.attrs.axis;
  const int64_t outer = element_count(Dims(d.begin(), axis)), inner = element_count(Dims(axis + 1, d.end()));
  if (!is_float(op.in(0)->type.dtype) || *axis <= kRow) return {};
  Value* x = reshape(b, op.in(0), {outer, *axis, inner});
  const int64_t parts = parts_of(*axis, outer * inner);
  Value* index = parts == 1 ? search_pieces(b, s, x) : search_parts(b, s, x, parts);
  return {reshape(b, index, op.out(0)->type.dims)};
}

}  // namespace

Values ArgMax::decompose(const Op& op, Builder& b) { return decompose_search<ArgMax>(op, b); }
Values ArgMin::decompose(const Op& op, Builder& b) { return decompose_search<ArgMin>(op, b); }

}  // namespace tpuc::ops
