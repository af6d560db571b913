// Where the weights of an operator stand: which input channel a weight multiplies, to which output channel it adds.
#pragma once

#include <functional>

#include "passes/quantize_filter.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

struct FilterLayout {
  int64_t inputs = 1, outputs = 1;                // channels
  int64_t taps = 1;                               // consecutive weights of one pair of channels
  std::function<int64_t(int64_t)> input, output;  // channel, by a weight's row-major index
  int64_t input_axis = 1;                         // of the operand
};

// Of conv2d, conv_transpose2d and matmul with constant weights; nothing where channels have no place of their own, as
// in matrices with leading axes.
std::optional<FilterLayout> filter_layout(const Op& op);

// The weights of such an op in 8 bits, a scale for each output channel.
QuantizedFilter quantized_weights(const Op& op, const FilterLayout& layout, bool is_stated);
// The real numbers they stand for, in the order of the weights.
std::vector<double> real_weights(const QuantizedFilter& filter, const FilterLayout& layout);

}  // namespace tpuc
