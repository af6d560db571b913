// What import rules have in common.
#include "ops/import.h"

#include <algorithm>
#include <set>

#include "ops/cast.h"
#include "ops/shape.h"

namespace tpuc::ops {

int64_t wrap_axis(const NodeView& n, int64_t axis, size_t rank) {
  const auto r = static_cast<int64_t>(rank);
  if (axis < -r || axis >= r)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: axis {} of a tensor of rank {}", n.op, axis, rank)
                        .note("hint", fmt::format("the axis must lie in {}..{}", -r, r - 1)));
  return axis < 0 ? axis + r : axis;
}

std::vector<int64_t> wrap_axes(const NodeView& n, std::vector<int64_t> axes, size_t rank) {
  std::set<int64_t> seen;
  for (int64_t& axis : axes) {
    axis = wrap_axis(n, axis, rank);
    if (!seen.insert(axis).second)
      throw UserError(diagnostic(ErrorCode::E1206, "{}: axis {} is named twice", n.op, axis));
  }
  return axes;
}

double constant_number(const NodeView& n, size_t i) {
  const Tensor& t = n.constant_input(i);
  if (t.count() != 1)
    throw UserError(
        diagnostic(ErrorCode::E1209, "{}: input {} is {}, expected one element", n.op, i, to_string(t.type)));
  return t.to_f64()[0];
}

IntList ints_of(const NodeView& n, std::string_view attribute, size_t i, int since) {
  if (n.opset >= since) {
    if (!n.has_input(i)) return {};
    return {true, n.constant_ints(i)};
  }
  return {n.has_attr(attribute), n.get_ints(attribute)};
}

std::optional<DType> onnx_dtype(int64_t code) {
  using enum DType;
  static constexpr std::pair<int64_t, DType> kCodes[] = {{1, F32},  {2, U8},   {3, I8},    {4, U16},  {5, I16},
                                                         {6, I32},  {7, I64},  {9, Bool},  {10, F16}, {11, F64},
                                                         {12, U32}, {13, U64}, {16, BF16}, {21, U4},  {22, I4}};
  for (const auto& [c, t] : kCodes)
    if (c == code) return t;
  return std::nullopt;
}

std::string onnx_type_name(int64_t code) {
  if (const auto t = onnx_dtype(code)) return std::string(to_string(*t));
  switch (code) {
    case 0:
      return "an undefined type";
    case 8:
      return "string";
    case 14:
    case 15:
      return "a complex type";
    case 17:
    case 18:
    case 19:
    case 20:
      return "an 8-bit float type";
    default:
      return fmt::format("type number {}", code);
  }
}

Value* reshape(Builder& b, Value* x, Dims shape) {
  if (x->type.dims == shape) return x;
  return b.add<Reshape>({x}, {.shape = std::move(shape)});
}

Value* cast(Builder& b, Value* x, DType to) {
  if (x->type.dtype == to) return x;
  return b.add<Cast>({x}, {.to = to});
}

Value* scalar_like(Builder& b, const Value* x, double value) {
  Tensor t(x->type.dtype, {});
  t.assign_f64(std::span(&value, 1));
  return b.constant(std::move(t));
}

void refuse(const NodeView& n, std::string_view what, std::string_view hint) {
  throw UserError(diagnostic(ErrorCode::E1024, "{}: {}", n.op, what).note("hint", std::string(hint)));
}

}  // namespace tpuc::ops
