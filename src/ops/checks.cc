// The wording of errors that shape inference raises.
#include "ops/checks.h"

#include <algorithm>

namespace tpuc::ops {

bool is_number(DType t) { return is_float(t) || is_integer(t); }
bool is_index_type(DType t) { return t == DType::I32 || t == DType::I64; }

Diagnostic&& with_inputs(Diagnostic&& d, const InferCtx& c) {
  for (size_t i = 0; i < std::min<size_t>(c.count(), 4); ++i)
    if (c.has(i)) d.notes.emplace_back("input", fmt::format("{}: {}", i, to_string(c.type(i))));
  return std::move(d);
}

void require_type(const InferCtx& c, size_t i, TypeTest test, std::string_view expected) {
  if (test(c.type(i).dtype)) return;
  throw UserError(with_inputs(
      diagnostic(ErrorCode::E1202, "{}: input {} is {}, expected {}", c.op, i, to_string(c.type(i).dtype), expected),
      c));
}

void require_same_type(const InferCtx& c, size_t i, size_t j) {
  if (c.type(i).dtype == c.type(j).dtype) return;
  throw UserError(with_inputs(diagnostic(ErrorCode::E1202, "{}: input {} is {} but input {} is {}", c.op, i,
                                         to_string(c.type(i).dtype), j, to_string(c.type(j).dtype))
                                  .note("hint", "both must have the same element type: insert a Cast"),
                              c));
}

Dims require_broadcast(const InferCtx& c, const Dims& a, const Dims& b) {
  if (auto dims = broadcast(a, b)) return *std::move(dims);
  throw UserError(diagnostic(ErrorCode::E1203, "{}: {} and {} do not broadcast", c.op, to_string(a), to_string(b))
                      .note("hint", "dimensions are matched from the last; each pair must be equal or hold a 1"));
}

void require_axis(const InferCtx& c, size_t i, int64_t axis) {
  const auto rank = static_cast<int64_t>(c.dims(i).size());
  if (axis >= 0 && axis < rank) return;
  throw UserError(with_inputs(diagnostic(ErrorCode::E1206, "{}: axis {} of a tensor of rank {}", c.op, axis, rank), c));
}

void require_per_axis(const InferCtx& c, std::string_view attribute, size_t entries) {
  const size_t rank = c.dims(0).size();
  if (entries == rank) return;
  throw UserError(with_inputs(
      diagnostic(ErrorCode::E1206, "{}: {} has {} entries, expected {}, one per axis", c.op, attribute, entries, rank),
      c));
}

}  // namespace tpuc::ops
