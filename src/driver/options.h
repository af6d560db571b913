// Values of options as they are typed: shapes, numbers, tolerances. Errors are E2001 and name the option.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tpuc/runtime/compare.h"
#include "tpuc/tpuc.h"

namespace tpuc {

// "NAME=1x3x224x224"; "NAME=" is rank 0. Names may hold '=': the last one separates.
std::pair<std::string, Dims> parse_input_shape(const std::string& text);
// "NAME=16000", "NAME=1,2.5" (i64 where all are whole, else f32; one number is rank 0), or "NAME=FILE.npy".
std::pair<std::string, Tensor> parse_input_value(const std::string& text);
// "0.99,0.90": cosine and Euclidean similarity.
Tolerance parse_tolerance(const std::string& text);
Precision parse_precision(const std::string& text);
std::string_view to_string(Precision p);
// What float operators compute in; the quantized ones of int8 stand between f32 ones.
DType dtype_of_floats(Precision p);
// What --verify asks when --tolerance is not given.
Tolerance default_tolerance(Precision p);

}  // namespace tpuc
