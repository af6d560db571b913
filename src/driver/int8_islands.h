// Islands of operators in 8 bits: what computes in integers without a cast between.
#pragma once

#include <vector>

#include "passes/quantize_plan.h"

namespace tpuc {

struct Int8Island {
  std::vector<const Op*> ops;     // in program order
  std::vector<const Op*> shores;  // operators in floats that write what these read or read what these write
};

// Maximal ones, in the order of their first operator. Operators are of one island where one reads the other's integers,
// or where both read the same ones: a cast made for one alone would be made again for the other.
std::vector<Int8Island> int8_islands(const Graph& graph, const QuantizePlan& plan);

}  // namespace tpuc
