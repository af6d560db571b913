// Sums of products in 8 bits: convolutions of all kinds, and products of matrices.
#pragma once

#include "passes/quantize_values.h"

namespace tpuc {

// Writes an op of the form Convolution or MatMul.
void quantize_convolution(Op& op, QuantizedValues& values);
void quantize_matmul(Op& op, QuantizedValues& values);

}  // namespace tpuc
