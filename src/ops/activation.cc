// Elementwise operators of one tensor: shapes, reference values. Their ONNX rules are in activation_import.cc.
#include "ops/activation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/infer_check.h"

namespace tpuc::ops {

namespace {

// Without overflow for large |x|.
template <class T>
T logistic(T x) {
  if (x >= 0) return T{1} / (T{1} + std::exp(-x));
  const T e = std::exp(x);
  return e / (T{1} + e);
}

template <class T>
T hard_sigmoid(T x, T alpha, T beta) {
  return std::clamp(alpha * x + beta, T{0}, T{1});
}

}  // namespace

std::vector<TensorType> infer_float_unary(const InferCtx& c, const NoAttrs&) {
  require_type(c, 0, is_float, "a float type");
  return {{c.type(0).dtype, c.dims(0), {}}};
}
std::vector<TensorType> infer_number_unary(const InferCtx& c, const NoAttrs&) {
  require_type(c, 0, is_number, "a number type");
  return {{c.type(0).dtype, c.dims(0), {}}};
}

std::vector<TensorType> LeakyRelu::infer(const InferCtx& c, const Attrs&) { return infer_float_unary(c, {}); }
std::vector<TensorType> HardSigmoid::infer(const InferCtx& c, const Attrs&) { return infer_float_unary(c, {}); }
std::vector<TensorType> Gelu::infer(const InferCtx& c, const Attrs&) { return infer_float_unary(c, {}); }
std::vector<TensorType> Elu::infer(const InferCtx& c, const Attrs&) { return infer_float_unary(c, {}); }

std::vector<TensorType> Clip::infer(const InferCtx& c, const Attrs& attrs) {
  if (std::isnan(attrs.min) || std::isnan(attrs.max))
    throw UserError(diagnostic(ErrorCode::E1208, "clip: the bounds are {} and {}", attrs.min, attrs.max));
  return infer_number_unary(c, {});
}

std::vector<TensorType> PRelu::infer(const InferCtx& c, const Attrs&) {
  require_type(c, 0, is_number, "a number type");
  require_same_type(c, 0, 1);
  if (require_broadcast(c, c.dims(0), c.dims(1)) != c.dims(0))
    throw UserError(with_inputs(diagnostic(ErrorCode::E1203, "prelu: the slope {} does not broadcast to {}",
                                           to_string(c.dims(1)), to_string(c.dims(0))),
                                c));
  return {{c.type(0).dtype, c.dims(0), {}}};
}

void Relu::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_number(in[0], out[0], [](auto x) { return x < 0 ? decltype(x){0} : x; });
}

void Clip::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const double low = attrs.min, high = attrs.max;
  map_number(in[0], out[0], [&](auto x) {
    const auto v = static_cast<double>(x);  // exact: bounds are f32, so an integer beyond 2^53 keeps its side
    return v > high ? static_cast<decltype(x)>(high) : v < low ? static_cast<decltype(x)>(low) : x;
  });
}

void LeakyRelu::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  map_float(in[0], out[0], [&](auto x) { return x >= 0 ? x : static_cast<decltype(x)>(attrs.alpha) * x; });
}

void PRelu::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto x, auto slope) { return x >= 0 ? x : slope * x; });
}

void Sigmoid::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return logistic(x); });
}
void Tanh::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::tanh(x); });
}
void Silu::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return x * logistic(x); });
}

void HardSigmoid::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  map_float(in[0], out[0], [&](auto x) {
    return hard_sigmoid(x, static_cast<decltype(x)>(attrs.alpha), static_cast<decltype(x)>(attrs.beta));
  });
}
void HardSwish::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) {
    using T = decltype(x);
    return x * hard_sigmoid(x, T{1} / T{6}, T{0.5});
  });
}

void Exp::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::exp(x); });
}
void Log::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::log(x); });
}
void Sqrt::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::sqrt(x); });
}
void Erf::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::erf(x); });
}

void Gelu::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  map_float(in[0], out[0], [&](auto x) {
    using T = decltype(x);
    if (!attrs.approximate) return T{0.5} * x * (T{1} + std::erf(x / std::numbers::sqrt2_v<T>));
    const T k = std::numbers::inv_sqrtpi_v<T> * std::numbers::sqrt2_v<T>;  // sqrt(2 / pi)
    return T{0.5} * x * (T{1} + std::tanh(k * (x + static_cast<T>(0.044715) * x * x * x)));
  });
}

void Elu::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  map_float(in[0], out[0], [&](auto x) { return x >= 0 ? x : static_cast<decltype(x)>(attrs.alpha) * std::expm1(x); });
}
void Softplus::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::max(x, decltype(x){0}) + std::log1p(std::exp(-std::abs(x))); });
}

void Abs::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_number(in[0], out[0], [](auto x) { return x < 0 ? static_cast<decltype(x)>(0 - x) : std::abs(x); });
}
void Neg::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_number(in[0], out[0], [](auto x) { return -x; });
}
void Sign::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_number(in[0], out[0], [](auto x) { return static_cast<decltype(x)>((x > 0) - (x < 0)); });
}
void Reciprocal::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return decltype(x){1} / x; });
}
void Floor::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::floor(x); });
}
void Ceil::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::ceil(x); });
}
void Round::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::nearbyint(x); });
}
void Sin::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::sin(x); });
}
void Cos::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_float(in[0], out[0], [](auto x) { return std::cos(x); });
}

std::span<const OpDef> activation_ops() {
  static const OpDef table[] = {
      def<Relu>(),     def<Clip>(),  def<LeakyRelu>(),   def<PRelu>(),      def<Sigmoid>(),
      def<Tanh>(),     def<Silu>(),  def<HardSigmoid>(), def<HardSwish>(),  def<Exp>(),
      def<Log>(),      def<Sqrt>(),  def<Erf>(),         def<Gelu>(),       def<Elu>(),
      def<Softplus>(), def<Abs>(),   def<Neg>(),         def<Reciprocal>(), def<Floor>(),
      def<Ceil>(),     def<Round>(), def<Sign>(),        def<Sin>(),        def<Cos>(),
  };
  return table;
}

}  // namespace tpuc::ops
