// How much the evaluation of an operator costs: asked before constants are folded, so that no model makes tpuc compute
// for hours.
#pragma once

#include <cstdint>

#include "tpuc/ir/graph.h"

namespace tpuc::ops {

// Elements read, written and multiplied by the reference evaluation, roughly; saturated.
int64_t work_of(const Op& op);
// Multiplications that are added up: of convolutions and products of matrices; 0 for other operators.
int64_t products_of(const Op& op);

}  // namespace tpuc::ops
