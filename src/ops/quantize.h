// Operators of quantized graphs that have no float counterpart of the same name. Every fact that decides an integer is
// an attribute or an operand: they never look at a type's Quant. source of the rules: TIU.md section 6, rq0.
// Sums and products are int32 and wrap; they become 8-bit by requantize_float() of numerics/fixed_point.h.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y = saturate(round(f32(x) * (1 / scale) + zero)), a rounding to nearest even after each step; x f32|f16|bf16. Not a
// number gives the lowest value. The result's type carries scale and zero as its Quant. With `divides`, as ONNX says:
// saturate(round(f32(x) / scale) + zero).
//   errors: E1202 types, E1208 attributes
struct Quantize {
  static constexpr std::string_view kName = "quantize", kSummary = "real numbers to 8-bit integers", kSource = "tpuc";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  struct Attrs {
    DType to = DType::I8;
    float scale = 1;
    int64_t zero = 0;
    bool divides = false;
    static constexpr auto fields() {
      return std::tuple{
          field("to", &Attrs::to, "i8 | u8: element type of the result"),
          field("scale", &Attrs::scale, "real value of one step, > 0"),
          field("zero", &Attrs::zero, "the integer that stands for 0"),
          field("divides", &Attrs::divides, "by the scale, and rounds before it adds zero: not the chip")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// y = f32(x - zero) * scale, rounded to `to`; the difference wraps to int32.      errors: E1202, E1208
struct Dequantize {
  static constexpr std::string_view kName = "dequantize", kSummary = "integers to real numbers", kSource = "tpuc";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  struct Attrs {
    DType to = DType::F32;
    float scale = 1;
    int64_t zero = 0;
    static constexpr auto fields() {
      return std::tuple{field("to", &Attrs::to, "f32 | f16 | bf16: element type of the result"),
                        field("scale", &Attrs::scale, "real value of one step, > 0"),
                        field("zero", &Attrs::zero, "the integer that stands for 0")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// y = requantize_float(x, rq[0, c], rq[1, c]), c the index on `axis`.
//   x i32|i16|i8|u8   rq f32 [2, C] or [2, 1] (one pair for all)      errors: E1202, E1206 axis, E1208 to, E1209 rq
struct Requantize {
  static constexpr std::string_view kName = "requantize", kSummary = "integers to 8 bits by float scales",
                                    kSource = "tpuc";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    DType to = DType::I8;
    int64_t axis = 1;
    static constexpr auto fields() {
      return std::tuple{field("to", &Attrs::to, "i8 | u8: element type of the result"),
                        field("axis", &Attrs::axis, "the axis that has one scale and offset per index")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

// y[i] = table[byte of x[i]]: entry k is for the value k of u8, and for k or k - 256 of i8.
//   x i8|u8   table [256], i8|u8|f16|bf16|f32: the result's type      errors: E1202, E1209 length
struct Lut {
  static constexpr std::string_view kName = "lut", kSummary = "any function of 8-bit integers, from a table",
                                    kSource = "tpuc";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Lut;
  using Attrs = NoAttrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

// y = requantize_float(sum of multipliers[i] * x[i], scale, offset), inputs broadcast: sums, differences, and with one
// input a change of scale. x i8|u8, types may differ.
//   errors: E1202, E1203 shapes, E1206 one multiplier each, E1208 |multiplier| >= 2^23 or numbers that are not finite
struct WeightedSum {
  static constexpr std::string_view kName = "weighted_sum", kSummary = "a * m + b * n + ... of 8-bit integers",
                                    kSource = "tpuc";
  static constexpr int kMinIn = 1, kMaxIn = kVariadic;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    std::vector<int64_t> multipliers;
    float scale = 1, offset = 0;
    DType to = DType::I8;
    static constexpr auto fields() {
      return std::tuple{field("multipliers", &Attrs::multipliers, "one for each input, |m| < 2^23"),
                        field("scale", &Attrs::scale, "factor of the integer sum"),
                        field("offset", &Attrs::offset, "added behind the scale: zero points"),
                        field("to", &Attrs::to, "i8 | u8: element type of the result")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

// y = requantize_float((a - zero_a) * (b - zero_b), scale, offset), inputs broadcast. a, b i8|u8, types may differ.
//   errors: E1202, E1203 shapes, E1208 attributes
struct ScaledProduct {
  static constexpr std::string_view kName = "scaled_product", kSummary = "a * b of 8-bit integers", kSource = "tpuc";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    int64_t zero_a = 0, zero_b = 0;
    float scale = 1, offset = 0;
    DType to = DType::I8;
    static constexpr auto fields() {
      return std::tuple{field("zero_a", &Attrs::zero_a, "subtracted from a; a value of its type"),
                        field("zero_b", &Attrs::zero_b, "subtracted from b; a value of its type"),
                        field("scale", &Attrs::scale, "factor of the integer product"),
                        field("offset", &Attrs::offset, "added behind the scale: a zero point"),
                        field("to", &Attrs::to, "i8 | u8: element type of the result")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

}  // namespace tpuc::ops
