// A product with a constant matrix that stays integers of 8 or 4 bits until it is multiplied: memory traffic shrinks,
// the arithmetic is that of floats. Lowering makes it; no front end does.
#pragma once

#include <string_view>
#include <tuple>
#include <vector>

#include "ops/activation_attr.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y[...,n] = activation(bias[n] + sum_k x[...,k] * w[k,n]),
// w[k,n] = (q[k,n] - zero - steps[g,1,n]) * steps[g,0,n] in f32, rounded to x's type, g = k / group
//   x f32|f16|bf16 [...,K]   steps f32 [G,1,N] scales, or [G,2,N] scales and zero points   bias? f32 [N]
//   q  bits 8: u8|i8 [K,N];  bits 4: u8 [P,N], P = 64 * ceil(K / 128): byte [64 i + j, n] holds q[128 i + j, n] low
//      and q[128 i + 64 + j, n] high, so that a chip of 64 lanes unpacks it where it lies
//   errors: E1201 rank, E1202 types, E1208 attributes, E1209 dimensions of q, steps, bias
struct WeightMatMul {
  static constexpr std::string_view kName = "weight_matmul",
                                    kSummary = "matrix product with integer weights, dequantized as they are used",
                                    kSource = "tpuc";
  static constexpr int kMinIn = 3, kMaxIn = 4;
  struct Attrs {
    int64_t bits = 8, group = 0, zero = 0;
    Activation activation = Activation::None;
    static constexpr auto fields() {
      return std::tuple{field("bits", &Attrs::bits, "8 | 4"),
                        field("group", &Attrs::group, "rows of q that share a step; 0: all"),
                        field("zero", &Attrs::zero, "subtracted from q"),
                        field("activation", &Attrs::activation, "none | relu | relu6, applied to the sum")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

// Rows of q of a matrix of `rows` rows, as stored.
int64_t stored_rows(int64_t rows, int64_t bits);
// q of 4 bits, a byte each [K,N], as they are stored.
Tensor pack_nibbles(const Tensor& q);
// The matrix [rows,N] that is multiplied, of element type `to`.
Tensor dequantized_weights(const Tensor& q, const Tensor& steps, const WeightMatMul::Attrs& attrs, int64_t rows,
                           DType to);

}  // namespace tpuc::ops
