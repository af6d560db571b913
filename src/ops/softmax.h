// Softmax along one axis. The flattening of ONNX opsets below 13 is resolved at import with reshapes.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y = exp(x - max) / sum(exp(x - max)) along `axis`.      errors: E1202 types, E1208 axis
struct Softmax {
  static constexpr std::string_view kName = "softmax", kSummary = "exponentials that sum to one along an axis",
                                    kSource = "ONNX Softmax-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    int64_t axis = 1;
    bool coarse = false;
    static constexpr auto fields() {
      return std::tuple{field("axis", &Attrs::axis, "the axis that sums to one"),
                        field("coarse", &Attrs::coarse, "the result is rounded to 8 bits next: so exact is enough")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// y = x - max - log(sum(exp(x - max))) along `axis`.      errors: as Softmax
struct LogSoftmax {
  static constexpr std::string_view kName = "log_softmax", kSummary = "logarithm of softmax",
                                    kSource = "ONNX LogSoftmax-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  struct Attrs {
    int64_t axis = 1;
    static constexpr auto fields() { return std::tuple{field("axis", &Attrs::axis, "the axis that sums to one")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

}  // namespace tpuc::ops
