// Matrix products with numpy's batch broadcasting. ONNX Gemm imports as matmul.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "ops/activation_attr.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y[...,m,n] = activation(bias[n] + sum_k a[...,m,k] * b[...,k,n]); the leading axes broadcast.
//   a [...,M,K] (transpose_a: [...,K,M])   b [...,K,N] (transpose_b: [...,N,K])   bias? [N]   ->  y [...,M,N]
//   a, b i8|u8   bias? i32   rq? f32 [2,N] or [2,1]  ->  y i32, exact sums of (a - zero_a) * (b - zero_b); or
//   requantized with rq: 8 bits, type `to`
//   order_a, order_b: the operand is read as permute(operand){order} before all this, order_y: the result is written
//   so; attention has its heads between rows and columns, and moves nothing to bring them in front
//   errors: E1201 rank below 2, E1202 types, E1203 leading axes, E1206 orders, E1208 attributes, E1209 K differs,
//   length of bias, dimensions of rq
struct MatMul {
  static constexpr std::string_view kName = "matmul", kSummary = "matrix product", kSource = "ONNX MatMul-13";
  static constexpr int kMinIn = 2, kMaxIn = 4;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    bool transpose_a = false, transpose_b = false;
    Activation activation = Activation::None;
    std::vector<int64_t> order_a{}, order_b{}, order_y{};
    int64_t zero_a = 0, zero_b = 0;
    DType to = DType::I32;
    static constexpr auto fields() {
      return std::tuple{field("transpose_a", &Attrs::transpose_a, "a is [...,K,M]"),
                        field("transpose_b", &Attrs::transpose_b, "b is [...,N,K]"),
                        field("activation", &Attrs::activation, "none | relu | relu6, applied to the sum"),
                        field("order_a", &Attrs::order_a, "axes of a in the order they are read; empty: as they are"),
                        field("order_b", &Attrs::order_b, "the same for b"),
                        field("order_y", &Attrs::order_y, "axes of the product in the order they are written"),
                        field("zero_a", &Attrs::zero_a, "8-bit integers: subtracted from a"),
                        field("zero_b", &Attrs::zero_b, "8-bit integers: subtracted from b"),
                        field("to", &Attrs::to, "8-bit integers with rq: i8 | u8, the result's element type")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // leading axes that broadcast against each other, repeated
};

}  // namespace tpuc::ops
