// Elementwise operators of one tensor (prelu: and a slope). Computed in f32 (f64 for f64), rounded once to x's type.
// relu, clip, abs, neg and sign also take integers. Not the attribute `activation`: that is activation_attr.h.
#pragma once

#include <limits>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "ops/unary.h"

namespace tpuc::ops {

struct Relu {
  static constexpr std::string_view kName = "relu", kSummary = "max(x, 0)", kSource = "ONNX Relu-14";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_number_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Clip {
  static constexpr std::string_view kName = "clip", kSummary = "min(max(x, min), max)", kSource = "ONNX Clip-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    float min = std::numeric_limits<float>::lowest();
    float max = std::numeric_limits<float>::max();
    static constexpr auto fields() {
      return std::tuple{field("min", &Attrs::min, "lower bound"), field("max", &Attrs::max, "upper bound")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct LeakyRelu {
  static constexpr std::string_view kName = "leaky_relu", kSummary = "x where x >= 0, else alpha * x",
                                    kSource = "ONNX LeakyRelu-16";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  struct Attrs {
    float alpha = 0.01f;
    static constexpr auto fields() { return std::tuple{field("alpha", &Attrs::alpha, "slope of the negative side")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// prelu(x, slope): the slope broadcasts to x's shape.      errors: E1203
struct PRelu {
  static constexpr std::string_view kName = "prelu", kSummary = "x where x >= 0, else slope * x",
                                    kSource = "ONNX PRelu-16";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  using Attrs = NoAttrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Sigmoid {
  static constexpr std::string_view kName = "sigmoid", kSummary = "1 / (1 + exp(-x))", kSource = "ONNX Sigmoid-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Tanh {
  static constexpr std::string_view kName = "tanh", kSummary = "hyperbolic tangent", kSource = "ONNX Tanh-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Silu {
  static constexpr std::string_view kName = "silu", kSummary = "x * sigmoid(x)", kSource = "tpuc";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct HardSigmoid {
  static constexpr std::string_view kName = "hard_sigmoid", kSummary = "max(0, min(1, alpha * x + beta))",
                                    kSource = "ONNX HardSigmoid-6";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  struct Attrs {
    float alpha = 0.2f;
    float beta = 0.5f;
    static constexpr auto fields() {
      return std::tuple{field("alpha", &Attrs::alpha, "slope"), field("beta", &Attrs::beta, "offset")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct HardSwish {
  static constexpr std::string_view kName = "hard_swish", kSummary = "x * max(0, min(1, x / 6 + 0.5))",
                                    kSource = "ONNX HardSwish-14";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Gelu {
  static constexpr std::string_view kName = "gelu", kSummary = "x * Phi(x), Phi the normal distribution",
                                    kSource = "ONNX Gelu-20";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  struct Attrs {
    bool approximate = false;
    static constexpr auto fields() {
      return std::tuple{field("approximate", &Attrs::approximate, "by tanh instead of erf")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Elu {
  static constexpr std::string_view kName = "elu", kSummary = "x where x >= 0, else alpha * (exp(x) - 1)",
                                    kSource = "ONNX Elu-6";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  struct Attrs {
    float alpha = 1.0f;
    static constexpr auto fields() { return std::tuple{field("alpha", &Attrs::alpha, "limit of the negative side")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Softplus {
  static constexpr std::string_view kName = "softplus", kSummary = "log(1 + exp(x))", kSource = "ONNX Softplus-1";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops
