// What rounding the weights of an operator takes from its results on average, given back by its bias.
#pragma once

#include <optional>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/pass/quantization.h"

namespace tpuc {

// The bias of a convolution or a constant matrix for weights of 8 bits, where its input's channels have these means.
// Nothing where it stays as it is.
std::optional<Tensor> corrected_bias(const Op& op, const ChannelValues& means);
// The same for other weights in place of the op's own: real numbers in their order.
std::optional<Tensor> corrected_bias(const Op& op, const ChannelValues& means, const std::vector<double>& rounded);
// The op with that bias, or one that replaces it.
Op& set_bias(Graph& graph, Op& op, const Tensor& bias);

}  // namespace tpuc
