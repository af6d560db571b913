// Elementwise operators of two inputs and select: shapes, reference values. Their ONNX rules are in eltwise_import.cc.
#include "ops/eltwise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/infer_check.h"

namespace tpuc::ops {

namespace {

bool is_bool(DType t) { return t == DType::Bool; }

// Integer arithmetic wraps, so that a damaged model's shape computation stays defined.
struct Plus {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    return a + b;
  }
};
struct Minus {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    return a - b;
  }
};
struct Times {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    return a * b;
  }
};
struct Quotient {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;  // undefined in ONNX
      if (b == -1) return Minus{}(T{0}, a);
    }
    return a / b;
  }
};
// The sign of b, as in Python.
struct Remainder {
  float operator()(float a, float b) const { return static_cast<float>((*this)(double{a}, double{b})); }
  double operator()(double a, double b) const {
    const double r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  int64_t operator()(int64_t a, int64_t b) const {
    if (b == 0 || b == -1) return 0;
    const int64_t r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
};
struct FRemainder {
  float operator()(float a, float b) const { return std::fmod(a, b); }
  double operator()(double a, double b) const { return std::fmod(a, b); }
  int64_t operator()(int64_t a, int64_t b) const { return b == 0 || b == -1 ? 0 : a % b; }
};
struct Power {
  float operator()(float a, float b) const { return std::pow(a, b); }
  double operator()(double a, double b) const { return std::pow(a, b); }
  int64_t operator()(int64_t a, int64_t b) const {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
    int64_t r = 1;
    for (; b > 0; b /= 2, a = Times{}(a, a))
      if (b % 2 != 0) r = Times{}(r, a);
    return r;
  }
};

template <class T>
bool is_nan(T v) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(v);
  return false;
}

TensorType broadcast_type(const InferCtx& c, DType dtype) {
  return {dtype, require_broadcast(c, c.dims(0), c.dims(1)), {}};
}

}  // namespace

std::vector<TensorType> infer_arithmetic(const InferCtx& c, const NoAttrs&) {
  require_type(c, 0, is_number, "a number type");
  require_same_type(c, 0, 1);
  return {broadcast_type(c, c.type(0).dtype)};
}

std::vector<TensorType> infer_compare(const InferCtx& c, const NoAttrs&) {
  require_same_type(c, 0, 1);
  return {broadcast_type(c, DType::Bool)};
}

std::vector<TensorType> infer_logical(const InferCtx& c, const NoAttrs&) {
  require_type(c, 0, is_bool, "bool");
  if (c.count() == 1) return {{DType::Bool, c.dims(0), {}}};
  require_same_type(c, 0, 1);
  return {broadcast_type(c, DType::Bool)};
}

std::vector<TensorType> Add::infer(const InferCtx& c, const Attrs&) { return infer_arithmetic(c, {}); }
std::vector<TensorType> Mod::infer(const InferCtx& c, const Attrs&) { return infer_arithmetic(c, {}); }

std::vector<TensorType> Pow::infer(const InferCtx& c, const Attrs&) {
  require_type(c, 0, is_number, "a number type");
  require_type(c, 1, is_number, "a number type");
  return {broadcast_type(c, c.type(0).dtype)};
}

std::vector<TensorType> Select::infer(const InferCtx& c, const Attrs&) {
  require_type(c, 0, is_bool, "bool");
  require_same_type(c, 1, 2);
  return {{c.type(1).dtype, require_broadcast(c, c.dims(0), require_broadcast(c, c.dims(1), c.dims(2))), {}}};
}

void Add::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [&](auto a, auto b) {
    const auto sum = Plus{}(a, b);
    using T = decltype(a);
    switch (attrs.activation) {
      case Activation::None:
        break;
      case Activation::Relu:
        return std::max(sum, T{0});
      case Activation::Relu6:
        return std::clamp(sum, T{0}, T{6});
    }
    return sum;
  });
}

void Sub::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) { map_binary(in[0], in[1], out[0], Minus{}); }
void Mul::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) { map_binary(in[0], in[1], out[0], Times{}); }
void Div::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) { map_binary(in[0], in[1], out[0], Quotient{}); }

void Min::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return is_nan(a) || a < b ? a : b; });
}

void Max::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return is_nan(a) || a > b ? a : b; });
}

// An integer to a float power is computed in floats and truncated.
void Pow::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  if (is_float(in[0].dtype()) || !is_float(in[1].dtype())) return map_binary(in[0], in[1], out[0], Power{});
  Tensor power(DType::F64, out[0].dims());
  map_binary_as<double>(in[0], in[1], power, Power{});
  store(out[0], power.to_i64());
}

void Mod::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  if (attrs.fmod) return map_binary(in[0], in[1], out[0], FRemainder{});
  map_binary(in[0], in[1], out[0], Remainder{});
}

void Equal::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return !(a < b) && !(a > b) && !is_nan(a) && !is_nan(b); });
}
void Less::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return a < b; });
}
void Greater::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return a > b; });
}
void LessOrEqual::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return a <= b; });
}
void GreaterOrEqual::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary(in[0], in[1], out[0], [](auto a, auto b) { return a >= b; });
}
void And::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary_as<int64_t>(in[0], in[1], out[0], [](int64_t a, int64_t b) { return a != 0 && b != 0; });
}
void Or::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary_as<int64_t>(in[0], in[1], out[0], [](int64_t a, int64_t b) { return a != 0 || b != 0; });
}
void Xor::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_binary_as<int64_t>(in[0], in[1], out[0], [](int64_t a, int64_t b) { return (a != 0) != (b != 0); });
}
void Not::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  map_unary_as<int64_t>(in[0], out[0], [](int64_t a) { return a == 0; });
}

// Moves bits, so that every element type passes unchanged.
void Select::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  Tensor& y = out[0];
  const auto cond = in[0].as<uint8_t>();
  const auto bytes = static_cast<size_t>(size_bytes(y.dtype()));
  std::vector<Dims> strides;
  for (size_t i = 0; i < 3; ++i) strides.push_back(broadcast_strides(in[i].dims(), y.dims()));
  Walk walk(y.dims(), std::move(strides));
  auto to = y.mutable_bytes();
  for (size_t at = 0; at < to.size(); at += bytes, walk.next()) {
    const size_t k = cond[static_cast<size_t>(walk.offset(0))] != 0 ? 1 : 2;
    const auto from = in[k].bytes().subspan(static_cast<size_t>(walk.offset(k)) * bytes, bytes);
    std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

std::span<const OpDef> eltwise_ops() {
  static const OpDef table[] = {
      def<Add>(),     def<Sub>(), def<Mul>(),    def<Div>(),         def<Min>(),
      def<Max>(),     def<Pow>(), def<Mod>(),    def<Equal>(),       def<Less>(),
      def<Greater>(), def<And>(), def<Or>(),     def<LessOrEqual>(), def<GreaterOrEqual>(),
      def<Xor>(),     def<Not>(), def<Select>(),
  };
  return table;
}

}  // namespace tpuc::ops
