// See the header.
#include "ops/reduce_integer.h"

#include "ops/cast.h"
#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

Value* combined(Builder& b, ReduceKind kind, Value* x, Value* y) {
  switch (kind) {
    case ReduceKind::Max:
      return b.add<Max>({x, y});
    case ReduceKind::Min:
      return b.add<Min>({x, y});
    case ReduceKind::Prod:
      return b.add<Mul>({x, y});
    default:
      return b.add<Add>({x, y});
  }
}

// Elements [begin, begin + extent) of the middle axis.
Value* piece(Builder& b, Value* x, int64_t begin, int64_t extent) {
  const Dims& d = x->type.dims;
  return b.add<Slice>({x}, {{0, begin, 0}, {1, 1, 1}, {d[0], extent, d[2]}});
}

// [outer, length, inner] -> [outer, 1, inner]
Value* fold_middle(Builder& b, Value* x, ReduceKind kind) {
  while (x->type.dims[1] > 1) {
    const int64_t length = x->type.dims[1], half = length / 2;
    Value* y = combined(b, kind, piece(b, x, 0, half), piece(b, x, half, half));
    x = length % 2 == 0 ? y : b.add<Concat>({y, piece(b, x, length - 1, 1)}, {1});
  }
  return x;
}

}  // namespace

Values decompose_integer_reduce(const Op& op, Builder& b) {
  const auto& a = op.attrs<Reduce>();
  if (a.kind == ReduceKind::L2 || element_count(op.in(0)->type) == 0) return {};
  Value* x = op.in(0);
  if (a.kind == ReduceKind::L1) x = b.add<Max>({x, b.add<Sub>({scalar_like(b, x, 0), x})});
  if (a.kind == ReduceKind::SumSquare) x = b.add<Mul>({x, x});
  Dims d = x->type.dims;
  int64_t count = 1;
  for (const int64_t axis : a.axes) {
    const auto at = d.begin() + axis;
    count *= *at;
    x = fold_middle(b, reshape(b, x, {element_count(Dims(d.begin(), at)), *at, element_count(Dims(at + 1, d.end()))}),
                    a.kind);
    *at = 1;
  }
  x = reshape(b, x, op.out(0)->type.dims);
  return {a.kind == ReduceKind::Mean ? b.add<Div>({x, scalar_like(b, x, static_cast<double>(count))}) : x};
}

Values decompose_integer_search(const Op& op, Builder& b) {
  const bool is_max = op.is<ArgMax>();
  const ArgAttrs& a = is_max ? op.attrs<ArgMax>() : op.attrs<ArgMin>();
  Value* x = op.in(0);
  Value* extreme = b.add<Reduce>({x}, {is_max ? ReduceKind::Max : ReduceKind::Min, {a.axis}, true});
  Value* is_extreme = b.add<Cast>({b.add<Equal>({x, extreme})}, {.to = DType::F32});
  return {b.add<ArgMax>({is_extreme}, a)};
}

}  // namespace tpuc::ops
