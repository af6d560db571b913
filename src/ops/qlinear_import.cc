// ONNX operators on quantized operands (QLinearConv, QLinearMatMul, ConvInteger, those of com.microsoft): dequantize,
// the operator on real numbers by its own rule, quantize. What the quantize pass does with such a graph serves all.
#include <algorithm>
#include <cmath>

#include "ops/cast.h"
#include "ops/import.h"
#include "ops/quantize_import.h"
#include "tpuc/ir/registry.h"

namespace tpuc::ops {

namespace {

constexpr int kPlainOpset = 13;

// The rule of the operator on real numbers, applied to other operands and with the attributes of the node.
Value* import_as(const NodeView& n, Builder& b, std::string_view op, Values in, int opset = kPlainOpset) {
  NodeView plain = n;
  plain.op = std::string(op), plain.domain.clear();
  plain.opset = opset;
  plain.in = std::move(in);
  plain.input_names.clear();
  for (const Value* v : plain.in) plain.input_names.push_back(v == nullptr ? "" : v->name);
  const std::string key = "onnx." + plain.op;
  for (const OpDef& d : all_ops())
    for (const ImportRule& rule : d.imports)
      if (rule.op == key && rule.first_opset <= opset && opset <= rule.last_opset) return rule.fn(plain, b).front();
  throw InternalError(fmt::format("{}: no rule for {}", n.op, op));
}

// Integers that count products of two tensors: a bias, with the scale that both together have.
Value* bias_of(const NodeView& n, Builder& b, size_t at, size_t x_scale, size_t w_scale) {
  const Tensor& bias = n.constant_input(at);
  const float x = static_cast<float>(constant_number(n, x_scale));
  const std::vector<float> w = n.constant_input(w_scale).to_f32();
  std::vector<float> real = bias.to_f32();
  if (w.size() != 1 && w.size() != real.size())
    throw UserError(
        diagnostic(ErrorCode::E1209, "{}: {} scales of the filter for {} biases", n.op, w.size(), real.size()));
  for (size_t i = 0; i < real.size(); ++i) real[i] *= x * w[w.size() == 1 ? 0 : i];
  return b.constant(Tensor::from_f32(bias.dims(), real));
}

Value* at_last_axes(const NodeView& n, Builder& b, size_t x, size_t from_last) {
  const auto rank = static_cast<int64_t>(n.input(x)->type.dims.size());
  const int64_t axis = std::max<int64_t>(rank - static_cast<int64_t>(from_last), 0);
  return import_dequantize(n, b, n.input(x), {.scale = x + 1, .zero = x + 2, .axis = axis});
}

}  // namespace

// One or two tensors, each with scale and zero point, then those of the result. QLinearX is X.
Values import_qlinear(const NodeView& n, Builder& b) {
  const std::string_view op = std::string_view(n.op).substr(std::string_view("QLinear").size());
  const bool is_binary = op == "Add" || op == "Mul" || op == "MatMul";
  if (n.get_int("channels_last", 0) != 0)
    refuse(n, "the channels are the last axis", "export it with channels_last = 0");
  Values in{is_binary ? at_last_axes(n, b, 0, 2) : at_last_axes(n, b, 0, 1)};
  if (is_binary) in.push_back(at_last_axes(n, b, 3, 1));
  const size_t y = is_binary ? 6 : 3;
  const auto opset = static_cast<int>(std::clamp<int64_t>(n.get_int("opset", kPlainOpset), 1, kPlainOpset));
  Value* real = import_as(n, b, op, std::move(in), opset);
  return {import_quantize(n, b, real, {.scale = y, .zero = y + 1}, n.input(0)->type.dtype)};
}

Values import_qlinear_conv(const NodeView& n, Builder& b) {
  Values in{import_dequantize(n, b, n.input(0), {.scale = 1, .zero = 2}),
            import_dequantize(n, b, n.input(3), {.scale = 4, .zero = 5, .axis = 0})};
  if (n.has_input(8)) in.push_back(bias_of(n, b, 8, 1, 4));
  Value* real = import_as(n, b, "Conv", std::move(in));
  return {import_quantize(n, b, real, {.scale = 6, .zero = 7}, n.input(0)->type.dtype)};
}

// The result's scale and zero point, then three inputs for each tensor.
Values import_qlinear_concat(const NodeView& n, Builder& b) {
  Values in;
  for (size_t i = 2; i + 1 < n.in.size(); i += 3) in.push_back(import_dequantize(n, b, n.input(i), {i + 1, i + 2}));
  Value* real = import_as(n, b, "Concat", std::move(in));
  return {import_quantize(n, b, real, {.scale = 0, .zero = 1}, n.input(2)->type.dtype)};
}

// Without a scale of the result it is real.
Values import_qgemm(const NodeView& n, Builder& b) {
  const bool is_transposed = n.get_int("transB", 0) != 0;
  Values in{import_dequantize(n, b, n.input(0), {.scale = 1, .zero = 2}),
            import_dequantize(n, b, n.input(3), {.scale = 4, .zero = 5, .axis = is_transposed ? 0 : 1})};
  if (n.has_input(6)) in.push_back(bias_of(n, b, 6, 1, 4));
  if (n.has_input(6) && n.get_float("alpha", 1.0f) != 1.0f)
    refuse(n, "alpha is not 1 beside a bias", "fold it into a scale");
  Value* real = import_as(n, b, "Gemm", std::move(in));
  if (!n.has_input(7)) return {real};
  return {import_quantize(n, b, real, {.scale = 7, .zero = 8}, n.input(0)->type.dtype)};
}

// ConvInteger and MatMulInteger: sums of integers less their zero points, as i32.
Values import_integer_sums(const NodeView& n, Builder& b) {
  const bool is_conv = n.op == "ConvInteger";
  const auto rank = static_cast<int64_t>(n.input(0)->type.dims.size());
  Values in{import_dequantize(n, b, n.input(0), {.zero = 2, .axis = is_conv ? 1 : rank - 2, .is_scaled = false}),
            import_dequantize(n, b, n.input(1), {.zero = 3, .axis = is_conv ? 0 : -1, .is_scaled = false})};
  return {cast(b, import_as(n, b, is_conv ? "Conv" : "MatMul", std::move(in)), DType::I32)};
}

// source: ONNX DynamicQuantizeLinear-11: the range of x, widened to hold 0, becomes 0..255
Values import_dynamic_quantize(const NodeView& n, Builder& b) {
  if (!n.input(0)->is_constant())
    refuse(n, "scales would be computed at run time", "quantize statically: with calibration, scales are known");
  const std::vector<float> x = n.constant_input(0).to_f32();
  float low = 0, high = 0;
  for (const float v : x) low = std::min(low, v), high = std::max(high, v);
  const float scale = high > low ? (high - low) / 255 : 1.0f;
  const float zero = std::clamp(std::nearbyint(-low / scale), 0.0f, 255.0f);
  std::vector<double> bytes;
  for (const float v : x) bytes.push_back(std::clamp(std::nearbyint(v / scale) + zero, 0.0f, 255.0f));
  Tensor y(DType::U8, n.input(0)->type.dims), z(DType::U8, {});
  y.assign_f64(bytes);
  const double zero_point = zero;
  z.assign_f64(std::span(&zero_point, 1));
  return {b.constant(std::move(y)), b.scalar(scale), b.constant(std::move(z))};
}

}  // namespace tpuc::ops
