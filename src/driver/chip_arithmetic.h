// Float functions of quantized graphs as the chip computes them: approximations by polynomials, sums in its order.
// Integers are the same everywhere; with this the host executor gives the same floats too, bit for bit.
#pragma once

#include "tpuc/backend/backend.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

// Whether some value is held in 8 bits with a scale, as the chip rounds to it: a lowered graph of an int8 network.
bool is_quantized(const Graph& graph);

// Runs the op alone on the chip's simulator, unless the host's arithmetic gives the same bits: then false, and nothing
// is done.
bool compute_as_chip(const Backend& backend, const Op& op, EvalArgs in, std::span<Tensor> out);

}  // namespace tpuc
