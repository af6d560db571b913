// Float functions of quantized graphs as the chip computes them: approximations by polynomials, sums in its order.
// Integers are the same everywhere; with this the host executor gives the same floats too, bit for bit.
#pragma once

#include "tpuc/backend/backend.h"
#include "tpuc/ir/graph.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {

// Makes the host execute the graph so, where it is one of 8 bits. The back end must outlive the execution.
void take_chip_arithmetic(const Graph& graph, const Backend& backend, ExecOptions& options);

// Likewise a graph that was lowered to halves: a calibration may leave nothing of a network in 8 bits.
void take_chip_arithmetic_of_halves(const Graph& graph, const Backend& backend, ExecOptions& options);

}  // namespace tpuc
