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
//   order_a, order_b: the operand is read as permute(operand){order} before all this, order_y: the result is written
//   so; attention has its heads between rows and columns, and moves nothing to bring them in front errors: E1201 rank
//   below 2, E1202 types, E1203 leading axes, E1206 orders, E1209 K differs, E1210 length of bias
struct MatMul {
  static constexpr std::string_view kName = "matmul", kSummary = "matrix product", kSource = "ONNX MatMul-13";
  static constexpr int kMinIn = 2, kMaxIn = 3;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    bool transpose_a = false, transpose_b = false;
    Activation activation = Activation::None;
    std::vector<int64_t> order_a{}, order_b{}, order_y{};
    static constexpr auto fields() {
      return std::tuple{field("transpose_a", &Attrs::transpose_a, "a is [...,K,M]"),
                        field("transpose_b", &Attrs::transpose_b, "b is [...,N,K]"),
                        field("activation", &Attrs::activation, "none | relu | relu6, applied to the sum"),
                        field("order_a", &Attrs::order_a, "axes of a in the order they are read; empty: as they are"),
                        field("order_b", &Attrs::order_b, "the same for b"),
                        field("order_y", &Attrs::order_y, "axes of the product in the order they are written")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // leading axes that broadcast against each other, repeated
};

}  // namespace tpuc::ops
