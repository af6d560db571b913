// What convolutions and matrix products of 8-bit integers share: their operands, and the result made of int32 sums.
// Operand 2 is a bias (i32), operand 3 the scale and offset of each channel (f32 [2,C]) by which sums become 8-bit.
#pragma once

#include <span>

#include "ops/activation_attr.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

inline bool is_byte(DType t) { return t == DType::I8 || t == DType::U8; }

// So many products of bytes stay in an int32 sum: of filters with a sign (255 * 128), and of any two matrices (255 *
// 255).
inline constexpr int64_t kMostFilterTerms = 65792, kMostMatrixTerms = 33025;

// E1202, E1208, E1209 unless the operands besides the factors, and the attributes, are those of a sum of `channels`
// channels. `one_for_all`: rq may be [2,1]. The result's element type.
DType require_integer_sum(const InferCtx& ctx, DType to, Activation activation, int64_t channels, bool one_for_all);

// E1202, E1208 where a float operator has what only integers have.
void require_no_integer_operands(const InferCtx& ctx, DType to);

// E1208 unless `value` of the attribute is one that elements of the 8-bit type `t` have; 0 for other types.
void require_byte(const InferCtx& ctx, std::string_view attr, int64_t value, DType t);

// With an operand 3: turns sums, channel (i / inner) % channels for element i, into values of the 8-bit type `to`. They
// wrap to int32 first, as the chip's do.   source: TIU.md section 6, rq0
void requantize_sums(const EvalArgs& in, std::span<int64_t> sums, int64_t channels, int64_t inner, DType to);

}  // namespace tpuc::ops
