// prelu and leaky_relu in 8 bits: a line for either side of zero, of which the larger one, or the smaller, is the
// result.
#pragma once

#include "passes/quantize_values.h"

namespace tpuc {

// Whether the op is one of them, with constant slopes, one for all or one per channel (axis 1).
bool has_constant_slopes(const Op& op);

// Writes an op of the form Slopes: requantizes what is held of its operand, or the sums behind it, once for each side.
void quantize_slopes(Op& op, QuantizedValues& values);

}  // namespace tpuc
