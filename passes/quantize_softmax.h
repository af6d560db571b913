// Softmax in 8 bits: exponentials from a table of the values its operand can have.
#pragma once

#include "passes/quantize_values.h"

namespace tpuc {

// A softmax that the integer operator can be.
bool is_table_softmax(const Op& op);
// The largest step of an operand that softmax takes in 8 bits unasked. Rounding to steps moves each exponential by up
// to half a step of its value, and a share s by up to s * (1 - s) times a step: with this one no more than a hundredth.
inline constexpr float kMostSoftmaxStep = 0.04F;

// Writes it for an operand held in 8 bits.
void quantize_softmax(Op& op, QuantizedValues& values);

}  // namespace tpuc
