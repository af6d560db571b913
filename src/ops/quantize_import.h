// What the rules of QuantizeLinear, DequantizeLinear and of operators with quantized operands have in common.
#pragma once

#include <vector>

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

// Where a node has the numbers of one quantized tensor: real = (integer - zero) * scale.
struct QuantInputs {
  size_t scale = 0;
  size_t zero = 0;        // absent in the node: 0
  int64_t axis = -1;      // the axis that has one scale per index, where there are several
  int64_t block = 0;      // > 0: so many elements of the axis share a scale, and scales have x's rank
  bool is_scaled = true;  // false: there is no scale, it is 1
};

// The real numbers of `x`. Of a constant they are a constant. E1012, E1024, E1025, E1209.
Value* import_dequantize(const NodeView& n, Builder& b, Value* x, const QuantInputs& at);
// round(x / scale) + zero, saturated to i8 or u8: zero's type, or `fallback` without one.
Value* import_quantize(const NodeView& n, Builder& b, Value* x, const QuantInputs& at, DType fallback = DType::U8);

// The rules of operators with quantized operands: qlinear_import.cc.
Values import_qlinear(const NodeView& n, Builder& b);
Values import_qlinear_conv(const NodeView& n, Builder& b);
Values import_qlinear_concat(const NodeView& n, Builder& b);
Values import_qgemm(const NodeView& n, Builder& b);
Values import_matmul_nbits(const NodeView& n, Builder& b);  // nbits_import.cc
Values import_integer_sums(const NodeView& n, Builder& b);
Values import_dynamic_quantize(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
