// ONNX rules of the elementwise operators of one tensor. Rare activations are compositions of common operators.
#include <limits>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/shape.h"
#include "ops/trigonometry_import.h"

namespace tpuc::ops {

namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest(), kHighest = std::numeric_limits<float>::max();

// A bound given as an input (opset 11): a constant of one element, or absent.
float bound(const NodeView& n, size_t i, float fallback) {
  if (!n.has_input(i)) return fallback;
  const Tensor& t = n.constant_input(i);
  if (t.count() != 1)
    throw UserError(diagnostic(ErrorCode::E1209, "Clip: a bound is {}, expected one element", to_string(t.type)));
  return std::min(std::max(t.to_f32()[0], kLowest), kHighest);
}

// Token numbers, lengths: the functions of a chip take floats, its arithmetic takes these.
bool is_counted(const Value* x) { return x->type.dtype == DType::I64 || x->type.dtype == DType::I32; }

Values import_abs(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  if (!is_counted(x)) return import_plain<Abs>(n, b);
  return {b.add<Max>({x, b.add<Sub>({scalar_like(b, x, 0), x})})};
}

Values import_neg(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  if (!is_counted(x)) return import_plain<Neg>(n, b);
  return {b.add<Sub>({scalar_like(b, x, 0), x})};
}

Values import_relu(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  if (!is_counted(x)) return import_plain<Relu>(n, b);
  return {b.add<Max>({x, scalar_like(b, x, 0)})};
}

// (x > 0) - (x < 0)
Values import_sign(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  if (!is_counted(x)) return import_plain<Sign>(n, b);
  Value* zero = scalar_like(b, x, 0);
  const DType type = x->type.dtype;
  return {b.add<Sub>({cast(b, b.add<Greater>({x, zero}), type), cast(b, b.add<Less>({x, zero}), type)})};
}

// Between integers, or with a bound that is computed at run time, it is a max and a min.
Values import_clip(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  if (n.opset < 11)
    return {b.add<Clip>({x}, {.min = n.get_float("min", kLowest), .max = n.get_float("max", kHighest)})};
  const auto runtime = [&](size_t i) { return n.has_input(i) && !n.in[i]->is_constant(); };
  if (!runtime(1) && !runtime(2) && !is_counted(x))
    return {b.add<Clip>({x}, {.min = bound(n, 1, kLowest), .max = bound(n, 2, kHighest)})};
  if (n.has_input(1)) x = b.add<Max>({x, n.input(1)});
  if (n.has_input(2)) x = b.add<Min>({x, n.input(2)});
  return {x};
}

Values import_leaky_relu(const NodeView& n, Builder& b) {
  return {b.add<LeakyRelu>({n.input(0)}, {.alpha = n.get_float("alpha", 0.01f)})};
}

// Before opset 9 a slope of one axis belonged to the channels; many exporters still mean that.
Values import_prelu(const NodeView& n, Builder& b) {
  Value *x = n.input(0), *slope = n.input(1);
  const Dims &xd = x->type.dims, &sd = slope->type.dims;
  if (sd.size() == 1 && xd.size() > 2 && sd[0] != 1 && sd[0] == xd[1] && (n.opset < 9 || sd[0] != xd.back())) {
    Dims dims(xd.size() - 1, 1);
    dims[0] = sd[0];
    slope = reshape(b, slope, std::move(dims));
  }
  return {b.add<PRelu>({x, slope})};
}

Values import_hard_sigmoid(const NodeView& n, Builder& b) {
  return {b.add<HardSigmoid>({n.input(0)}, {.alpha = n.get_float("alpha", 0.2f), .beta = n.get_float("beta", 0.5f)})};
}

Values import_gelu(const NodeView& n, Builder& b) {
  const std::string kind = n.get_string("approximate", "none");
  if (kind != "none" && kind != "tanh")
    refuse(n, fmt::format("attribute `approximate` is `{}`", kind), "it is none or tanh");
  return {b.add<Gelu>({n.input(0)}, {.approximate = kind == "tanh"})};
}

Values import_elu(const NodeView& n, Builder& b) {
  return {b.add<Elu>({n.input(0)}, {.alpha = n.get_float("alpha", 1.0f)})};
}

// gamma * elu(x)
Values import_selu(const NodeView& n, Builder& b) {
  Value* elu = b.add<Elu>({n.input(0)}, {.alpha = n.get_float("alpha", 1.67326319217681884765625f)});
  return {b.add<Mul>({elu, scalar_like(b, elu, n.get_float("gamma", 1.05070102214813232421875f))})};
}

// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) == alpha * elu(x / alpha) with elu's own alpha 1
Values import_celu(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  Value* alpha = scalar_like(b, x, n.get_float("alpha", 1.0f));
  return {b.add<Mul>({b.add<Elu>({b.add<Div>({x, alpha})}), alpha})};
}

// x * tanh(softplus(x))
Values import_mish(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  return {b.add<Mul>({x, b.add<Tanh>({b.add<Softplus>({x})})})};
}

// x / (1 + |x|)
Values import_softsign(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  return {b.add<Div>({x, b.add<Add>({b.add<Abs>({x}), scalar_like(b, x, 1)})})};
}

// x where x > alpha, else 0
Values import_thresholded_relu(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  Value* above = b.add<Greater>({x, scalar_like(b, x, n.get_float("alpha", 1.0f))});
  return {b.add<Select>({above, x, scalar_like(b, x, 0)})};
}

// x moved by `bias` towards zero beyond `lambd`, 0 between
Values import_shrink(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const float bias = n.get_float("bias", 0), edge = n.get_float("lambd", 0.5f);
  const auto number = [&](float v) { return scalar_like(b, x, static_cast<double>(v)); };
  Value* above = b.add<Select>({b.add<Greater>({x, number(edge)}), b.add<Sub>({x, number(bias)}), number(0)});
  return {b.add<Select>({b.add<Less>({x, number(-edge)}), b.add<Add>({x, number(bias)}), above})};
}

// ONNX Swish-24: x * sigmoid(alpha * x)
Values import_swish(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const float alpha = n.get_float("alpha", 1.0f);
  if (alpha == 1.0f) return {b.add<Silu>({x})};
  return {b.add<Mul>({x, b.add<Sigmoid>({b.add<Mul>({x, scalar_like(b, x, alpha)})})})};
}

}  // namespace

std::span<const ImportRule> Clip::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Clip", 1, kLastOpset, import_clip}};
  return kRules;
}
std::span<const ImportRule> LeakyRelu::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.LeakyRelu", 1, kLastOpset, import_leaky_relu}};
  return kRules;
}
std::span<const ImportRule> PRelu::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.PRelu", 1, kLastOpset, import_prelu}};
  return kRules;
}
std::span<const ImportRule> Silu::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Swish", 24, 24, import_swish}};
  return kRules;
}
std::span<const ImportRule> HardSigmoid::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.HardSigmoid", 1, kLastOpset, import_hard_sigmoid}};
  return kRules;
}
std::span<const ImportRule> Gelu::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Gelu", 20, kLastOpset, import_gelu}};
  return kRules;
}
std::span<const ImportRule> Elu::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Elu", 1, kLastOpset, import_elu},
                                          {"onnx.Selu", 1, kLastOpset, import_selu},
                                          {"onnx.Celu", 12, kLastOpset, import_celu}};
  return kRules;
}
std::span<const ImportRule> Tanh::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Tanh", 1, kLastOpset, import_plain<Tanh>},
                                          {"onnx.Mish", 18, kLastOpset, import_mish}};
  return kRules;
}
std::span<const ImportRule> Abs::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Abs", 1, kLastOpset, import_abs},
                                          {"onnx.Softsign", 1, kLastOpset, import_softsign}};
  return kRules;
}
std::span<const ImportRule> Relu::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Relu", 1, kLastOpset, import_relu},
                                          {"onnx.ThresholdedRelu", 10, kLastOpset, import_thresholded_relu},
                                          {"onnx.Shrink", 9, kLastOpset, import_shrink}};
  return kRules;
}
std::span<const ImportRule> Sin::imports() {
  static constexpr ImportRule kRules[] = {
      {"onnx.Sin", 7, kLastOpset, import_plain<Sin>}, {"onnx.Tan", 7, kLastOpset, import_tan},
      {"onnx.Atan", 7, kLastOpset, import_atan},      {"onnx.Asin", 7, kLastOpset, import_asin},
      {"onnx.Acos", 7, kLastOpset, import_acos},      {"onnx.Sinh", 9, kLastOpset, import_sinh},
      {"onnx.Cosh", 9, kLastOpset, import_cosh},      {"onnx.Asinh", 9, kLastOpset, import_asinh},
      {"onnx.Acosh", 9, kLastOpset, import_acosh},    {"onnx.Atanh", 9, kLastOpset, import_atanh}};
  return kRules;
}
std::span<const ImportRule> Sigmoid::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Sigmoid", 1, kLastOpset, import_plain<Sigmoid>}};
  return kRules;
}
std::span<const ImportRule> HardSwish::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.HardSwish", 14, kLastOpset, import_plain<HardSwish>}};
  return kRules;
}
std::span<const ImportRule> Exp::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Exp", 1, kLastOpset, import_plain<Exp>}};
  return kRules;
}
std::span<const ImportRule> Log::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Log", 1, kLastOpset, import_plain<Log>}};
  return kRules;
}
std::span<const ImportRule> Sqrt::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Sqrt", 1, kLastOpset, import_plain<Sqrt>}};
  return kRules;
}
std::span<const ImportRule> Erf::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Erf", 9, kLastOpset, import_plain<Erf>}};
  return kRules;
}
std::span<const ImportRule> Softplus::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Softplus", 1, kLastOpset, import_plain<Softplus>}};
  return kRules;
}
std::span<const ImportRule> Neg::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Neg", 1, kLastOpset, import_neg}};
  return kRules;
}
std::span<const ImportRule> Reciprocal::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Reciprocal", 1, kLastOpset, import_plain<Reciprocal>}};
  return kRules;
}
std::span<const ImportRule> Floor::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Floor", 1, kLastOpset, import_plain<Floor>}};
  return kRules;
}
std::span<const ImportRule> Ceil::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Ceil", 1, kLastOpset, import_plain<Ceil>}};
  return kRules;
}
std::span<const ImportRule> Round::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Round", 11, kLastOpset, import_plain<Round>}};
  return kRules;
}
std::span<const ImportRule> Sign::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Sign", 9, kLastOpset, import_sign}};
  return kRules;
}
std::span<const ImportRule> Cos::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Cos", 7, kLastOpset, import_plain<Cos>}};
  return kRules;
}

}  // namespace tpuc::ops
