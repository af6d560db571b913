// What shape inference asks of inputs and attributes, with the wording of the errors in one place.
#pragma once

#include <cstdint>
#include <string_view>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

using TypeTest = bool (*)(DType);
bool is_number(DType t);      // floats and integers
bool is_index_type(DType t);  // i32, i64

// E1202 unless test(type of input i); `expected` reads like "a float type".
void require_type(const InferCtx& c, size_t i, TypeTest test, std::string_view expected);
// E1202 unless both inputs have the element type of the first.
void require_same_type(const InferCtx& c, size_t i, size_t j);
// E1203 when the shapes do not go together.
Dims require_broadcast(const InferCtx& c, const Dims& a, const Dims& b);
// E1206 unless 0 <= axis < rank of input i.
void require_axis(const InferCtx& c, size_t i, int64_t axis);
// E1206 unless there is one entry per axis of input 0.
void require_per_axis(const InferCtx& c, std::string_view attribute, size_t entries);

// What the notes of an error show of input i: "input 1  f32[2,3]".
Diagnostic&& with_inputs(Diagnostic&& d, const InferCtx& c);

}  // namespace tpuc::ops
