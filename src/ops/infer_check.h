// Checks that shape inference of several families shares, with their messages. Each throws UserError.
#pragma once

#include <string_view>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// Strides, pads, dilations and block sizes beyond this are nobody's intent; below it no size computation overflows.
inline constexpr int64_t kMaxWindowAttr = int64_t{1} << 22;

// E1201. `what` names the input in the message: "input", "filter".
void require_rank(const InferCtx& ctx, size_t input, std::string_view what, size_t rank);
void require_min_rank(const InferCtx& ctx, size_t input, std::string_view what, size_t rank);
// E1202: input 0 is a float; every other one has its type or is f32.
void require_floats(const InferCtx& ctx);
// E1202: input 0 is a float or an integer.
void require_number(const InferCtx& ctx);
// E1209: when present, input i is a vector of `length`; `why` says of what ("output channels").
void require_vector(const InferCtx& ctx, size_t input, std::string_view what, int64_t length, std::string_view why);
// E1206: an attribute has `count` entries; E1208: each is in [low, kMaxWindowAttr].
void require_list(const InferCtx& ctx, std::string_view attr, const std::vector<int64_t>& list, size_t count,
                  int64_t low);
// E1206: 0 <= axis < rank of input i.
void require_axis(const InferCtx& ctx, size_t i, int64_t axis);

using TypeTest = bool (*)(DType);
bool is_number(DType t);      // floats and integers
bool is_index_type(DType t);  // i32, i64

// E1202 unless test(type of input i); `expected` reads like "a float type".
void require_type(const InferCtx& ctx, size_t i, TypeTest test, std::string_view expected);
// E1202 unless both inputs have the element type of the first.
void require_same_type(const InferCtx& ctx, size_t i, size_t j);
// E1203 when the shapes do not go together.
Dims require_broadcast(const InferCtx& ctx, const Dims& a, const Dims& b);
// E1206 unless there is one entry per axis of input 0.
void require_per_axis(const InferCtx& ctx, std::string_view attribute, size_t entries);

// What the notes of an error show of input i: "input 1  f32[2,3]".
Diagnostic&& with_inputs(Diagnostic&& d, const InferCtx& ctx);

// Positions of a window of `extent` elements that moves by `stride` over size + pads; E1205 when it does not fit once.
int64_t window_count(const InferCtx& ctx, std::string_view axis_name, int64_t size, int64_t pad_begin, int64_t pad_end,
                     int64_t kernel, int64_t stride, int64_t dilation);

// The type of input 0 with other dimensions and no quantization.
TensorType like_input(const InferCtx& ctx, Dims dims);

}  // namespace tpuc::ops
