// Elementwise operators of two inputs, with numpy broadcasting, and select. Decomposed, they repeat their operands
// first. One place knows broadcasting: elementwise.h. All compute on floats (f16 and bf16 in f32, rounded once) and,
// for shape arithmetic on the host, on integers (wrapping).
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "ops/activation_attr.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// Shape inference shared by the operators below: E1202 types differ or are not taken, E1203 shapes do not broadcast.
std::vector<TensorType> infer_arithmetic(const InferCtx&, const NoAttrs&);  // result type: that of the inputs
std::vector<TensorType> infer_compare(const InferCtx&, const NoAttrs&);     // result type: bool
std::vector<TensorType> infer_logical(const InferCtx&, const NoAttrs&);     // bool in, bool out

// y = activation(a + b)
struct Add {
  static constexpr std::string_view kName = "add", kSummary = "a + b", kSource = "ONNX Add-14";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    Activation activation = Activation::None;
    static constexpr auto fields() {
      return std::tuple{field("activation", &Attrs::activation, "none | relu | relu6, applied to the sum")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Sub {
  static constexpr std::string_view kName = "sub", kSummary = "a - b", kSource = "ONNX Sub-14";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_arithmetic;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Mul {
  static constexpr std::string_view kName = "mul", kSummary = "a * b", kSource = "ONNX Mul-14";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_arithmetic;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Div {
  static constexpr std::string_view kName = "div", kSummary = "a / b; integers truncate toward zero",
                                    kSource = "ONNX Div-14";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_arithmetic;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Min {
  static constexpr std::string_view kName = "min", kSummary = "the smaller one; nan where either is",
                                    kSource = "ONNX Min-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_arithmetic;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Max {
  static constexpr std::string_view kName = "max", kSummary = "the larger one; nan where either is",
                                    kSource = "ONNX Max-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_arithmetic;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// a ** b; b may have another element type, the result has that of a.
struct Pow {
  static constexpr std::string_view kName = "pow", kSummary = "a to the power of b", kSource = "ONNX Pow-15";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// The remainder: with the sign of b, or (fmod) with the sign of a.
struct Mod {
  static constexpr std::string_view kName = "mod", kSummary = "remainder of a / b", kSource = "ONNX Mod-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  struct Attrs {
    bool fmod = false;
    static constexpr auto fields() {
      return std::tuple{field("fmod", &Attrs::fmod, "the sign of a, as C's fmod, instead of that of b")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Equal {
  static constexpr std::string_view kName = "equal", kSummary = "a == b", kSource = "ONNX Equal-19";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_compare;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Less {
  static constexpr std::string_view kName = "less", kSummary = "a < b", kSource = "ONNX Less-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_compare;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Greater {
  static constexpr std::string_view kName = "greater", kSummary = "a > b", kSource = "ONNX Greater-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_compare;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct LessOrEqual {
  static constexpr std::string_view kName = "less_or_equal", kSummary = "a <= b", kSource = "ONNX LessOrEqual-16";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_compare;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct GreaterOrEqual {
  static constexpr std::string_view kName = "greater_or_equal", kSummary = "a >= b", kSource = "ONNX GreaterOrEqual-16";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_compare;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct And {
  static constexpr std::string_view kName = "and", kSummary = "a and b", kSource = "ONNX And-7";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_logical;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Or {
  static constexpr std::string_view kName = "or", kSummary = "a or b", kSource = "ONNX Or-7";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_logical;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Xor {
  static constexpr std::string_view kName = "xor", kSummary = "a or b, not both", kSource = "ONNX Xor-7";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_logical;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

struct Not {
  static constexpr std::string_view kName = "not", kSummary = "not a", kSource = "ONNX Not-1";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_logical;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// y = cond ? a : b, all three broadcast. cond is bool.
struct Select {
  static constexpr std::string_view kName = "select", kSummary = "a where cond holds, else b",
                                    kSource = "ONNX Where-16";
  static constexpr int kMinIn = 3, kMaxIn = 3;
  using Attrs = NoAttrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

}  // namespace tpuc::ops
