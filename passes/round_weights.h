// What the decisions about the rounding of weights (WeightRounding) are kept for.
#pragma once

#include <string>

#include "tpuc/ir/graph.h"

namespace tpuc {

// The content of an operator's weights, as text.
std::string weights_name(const Op& op);

}  // namespace tpuc
