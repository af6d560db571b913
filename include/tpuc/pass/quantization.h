// What the quantize pass is told: the real ranges of values, and which operators are to compute in 8 bits.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tpuc/ir/channel_values.h"

namespace tpuc {

class Op;
class Graph;

// The real numbers an 8-bit value is to represent, min <= max, both finite. A threshold T is [-T, T], or [0, T].
struct ValueRange {
  double min = 0, max = 0;
};

struct Quantization {
  std::unordered_map<std::string, ValueRange> ranges;    // by name of a value of the canonical graph
  std::unordered_map<std::string, ChannelValues> means;  // the same: mean of each channel
  bool asymmetric = false;                         // zero points other than 0 everywhere, not in lopsided ranges only
  std::function<bool(const Op&)> wants_int8;       // the user's word; empty: all that can
  std::function<bool(const Op&)> insists_on_int8;  // also where 8 bits are known to be coarse; empty: nowhere
  bool native_border = false;                      // the network's inputs and outputs may be 8 bits themselves
};

// Whether the network arrives quantized: it dequantizes 8-bit integers that it computes.
bool states_quantization(const Graph& graph);
// Real results of operators, by name, of which the network does not say how they are quantized.
std::vector<std::string> values_without_scale(const Graph& graph);

}  // namespace tpuc
