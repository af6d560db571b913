// Cast: reference conversion of element types, and its ONNX rules.
#include "ops/cast.h"

#include <cmath>
#include <map>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/import.h"

namespace tpuc::ops {

std::vector<TensorType> Cast::infer(const InferCtx& c, const Attrs& attrs) { return {{attrs.to, c.dims(0), {}}}; }

// Integers wrap among themselves; a float beyond an integer type's range saturates (undefined in ONNX).
void Cast::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  const Tensor& x = in[0];
  Tensor& y = out[0];
  if (!is_float(x.dtype()) && !is_float(y.dtype())) return store(y, x.to_i64());
  std::vector<double> values = x.to_f64();
  if (is_integer(y.dtype()))
    for (double& v : values) v = std::trunc(v);
  y.assign_f64(values);
}

namespace {

// Before opset 6 the type was a name.
int64_t type_code(const NodeView& n) {
  static const std::map<std::string, int64_t, std::less<>> names{
      {"FLOAT", 1}, {"UINT8", 2}, {"INT8", 3},     {"UINT16", 4},  {"INT16", 5},   {"INT32", 6},
      {"INT64", 7}, {"BOOL", 9},  {"FLOAT16", 10}, {"DOUBLE", 11}, {"UINT32", 12}, {"UINT64", 13}};
  if (n.opset >= 6) return n.get_int("to", 0);
  const auto it = names.find(n.get_string("to", ""));
  return it == names.end() ? 0 : it->second;
}

Values import_cast(const NodeView& n, Builder& b) {
  const int64_t code = type_code(n);
  const auto to = onnx_dtype(code);
  if (!to)
    throw UserError(diagnostic(ErrorCode::E1020, "Cast: to {}", onnx_type_name(code))
                        .note("hint", "numbers and bool are supported"));
  return {cast(b, n.input(0), *to)};
}

Values import_cast_like(const NodeView& n, Builder& b) { return {cast(b, n.input(0), n.input(1)->type.dtype)}; }

}  // namespace

std::span<const ImportRule> Cast::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Cast", 1, kLastOpset, import_cast},
                                          {"onnx.CastLike", 15, kLastOpset, import_cast_like}};
  return kRules;
}

std::span<const OpDef> cast_ops() {
  static const OpDef table[] = {def<Cast>()};
  return table;
}

}  // namespace tpuc::ops
