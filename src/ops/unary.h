// The plain functions of one tensor: exp, sqrt, abs, floor, ... A part of the family of activation.h, which includes
// it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// Shape inference: the result has x's type. E1202 an element type that is not taken.
std::vector<TensorType> infer_float_unary(const InferCtx&, const NoAttrs&);
std::vector<TensorType> infer_number_unary(const InferCtx&, const NoAttrs&);

struct Exp {
  static constexpr std::string_view kName = "exp", kSummary = "e to the power of x", kSource = "ONNX Exp-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Log {
  static constexpr std::string_view kName = "log", kSummary = "natural logarithm", kSource = "ONNX Log-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Sqrt {
  static constexpr std::string_view kName = "sqrt", kSummary = "square root", kSource = "ONNX Sqrt-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Erf {
  static constexpr std::string_view kName = "erf", kSummary = "error function", kSource = "ONNX Erf-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Abs {
  static constexpr std::string_view kName = "abs", kSummary = "absolute value", kSource = "ONNX Abs-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_number_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Neg {
  static constexpr std::string_view kName = "neg", kSummary = "-x", kSource = "ONNX Neg-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_number_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Reciprocal {
  static constexpr std::string_view kName = "reciprocal", kSummary = "1 / x", kSource = "ONNX Reciprocal-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Floor {
  static constexpr std::string_view kName = "floor", kSummary = "largest whole number <= x", kSource = "ONNX Floor-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Ceil {
  static constexpr std::string_view kName = "ceil", kSummary = "smallest whole number >= x", kSource = "ONNX Ceil-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Round {
  static constexpr std::string_view kName = "round", kSummary = "nearest whole number, ties to even",
                                    kSource = "ONNX Round-11";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Sign {
  static constexpr std::string_view kName = "sign", kSummary = "-1, 0 or 1", kSource = "ONNX Sign-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_number_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Sin {
  static constexpr std::string_view kName = "sin", kSummary = "sine, x in radians", kSource = "ONNX Sin-7";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

struct Cos {
  static constexpr std::string_view kName = "cos", kSummary = "cosine, x in radians", kSource = "ONNX Cos-7";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static constexpr auto infer = infer_float_unary;
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops
