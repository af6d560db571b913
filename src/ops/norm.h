// Per-channel affine operators and normalizations. batch_norm is canonicalised to scale by a rule.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "ops/activation_attr.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y[n,c,...] = activation(x[n,c,...] * s[c] + t[c])
//   x float [N,C,...]   s [C]   t? [C]      errors: E1201 rank below 2, E1202 types, E1210 length of s or t
struct Scale {
  static constexpr std::string_view kName = "scale", kSummary = "x * s + t per channel (axis 1)", kSource = "tpuc";
  static constexpr int kMinIn = 2, kMaxIn = 3;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    Activation activation = Activation::None;
    static constexpr auto fields() {
      return std::tuple{field("activation", &Attrs::activation, "none | relu | relu6, applied to the result")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

// y = (x - mean[c]) / sqrt(var[c] + epsilon) * gamma[c] + beta[c]; inputs x, gamma, beta, mean, var
//   errors: E1201 rank below 2, E1202 types, E1210 length of a channel vector
struct BatchNorm {
  static constexpr std::string_view kName = "batch_norm", kSummary = "normalize channels by given statistics",
                                    kSource = "ONNX BatchNormalization-15";
  static constexpr int kMinIn = 5, kMaxIn = 5;
  struct Attrs {
    float epsilon = 1e-5f;
    static constexpr auto fields() { return std::tuple{field("epsilon", &Attrs::epsilon, "added to the variance")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// Normalizes over the axes from `axis` on. gamma? and beta? have (or broadcast to) the dimensions of these axes.
//   errors: E1202 types, E1203 gamma or beta does not broadcast, E1208 axis
struct LayerNorm {
  static constexpr std::string_view kName = "layer_norm", kSummary = "normalize over the trailing axes",
                                    kSource = "ONNX LayerNormalization-17";
  static constexpr int kMinIn = 1, kMaxIn = 3;
  struct Attrs {
    int64_t axis = 1;
    float epsilon = 1e-5f;
    static constexpr auto fields() {
      return std::tuple{field("axis", &Attrs::axis, "first axis to normalize over"),
                        field("epsilon", &Attrs::epsilon, "added to the variance")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// y = x / sqrt(mean(x^2) + epsilon) * gamma over the axes from `axis` on.      errors: as LayerNorm
struct RmsNorm {
  static constexpr std::string_view kName = "rms_norm", kSummary = "divide by the root mean square over trailing axes",
                                    kSource = "ONNX RMSNormalization-23";
  static constexpr int kMinIn = 1, kMaxIn = 2;
  using Attrs = LayerNorm::Attrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// Normalizes groups of channels with all their spatial elements.
//   x float [N,C,...]   gamma? [C]   beta? [C]      errors: E1201, E1202, E1208 groups do not divide C, E1210
struct GroupNorm {
  static constexpr std::string_view kName = "group_norm", kSummary = "normalize groups of channels",
                                    kSource = "ONNX GroupNormalization-21";
  static constexpr int kMinIn = 1, kMaxIn = 3;
  struct Attrs {
    int64_t groups = 1;
    float epsilon = 1e-5f;
    static constexpr auto fields() {
      return std::tuple{field("groups", &Attrs::groups, "channels per group = C / groups"),
                        field("epsilon", &Attrs::epsilon, "added to the variance")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// group_norm with one channel per group.      errors: as GroupNorm
struct InstanceNorm {
  static constexpr std::string_view kName = "instance_norm", kSummary = "normalize each channel of each image",
                                    kSource = "ONNX InstanceNormalization-6";
  static constexpr int kMinIn = 1, kMaxIn = 3;
  using Attrs = BatchNorm::Attrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// y[n,c,...] = x / (bias + alpha / size * sum of x^2 over `size` neighbouring channels)^beta
struct Lrn {
  static constexpr std::string_view kName = "lrn", kSummary = "local response normalization across channels",
                                    kSource = "ONNX LRN-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  struct Attrs {
    int64_t size = 1;
    float alpha = 1e-4f, beta = 0.75f, bias = 1.0f;
    static constexpr auto fields() {
      return std::tuple{field("size", &Attrs::size, "channels summed"),
                        field("alpha", &Attrs::alpha, "weight of the sum"), field("beta", &Attrs::beta, "exponent"),
                        field("bias", &Attrs::bias, "added to the sum")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

}  // namespace tpuc::ops
