// Networks that arrive quantized: what their quantize and dequantize operators say about the values between them.
#pragma once

#include <unordered_map>

#include "passes/requantize.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

// Values that the network itself holds in 8 bits: results of dequantize; values that only quantize operators of one
// scale read; and what moves or picks their elements, forwards and backwards, which changes none of them.
using StatedParams = std::unordered_map<const Value*, QuantParams>;
StatedParams stated_params(const Graph& graph);

// A dequantize of 8-bit integers computed at run time.
bool is_stated_source(const Op* opt_op);

}  // namespace tpuc
