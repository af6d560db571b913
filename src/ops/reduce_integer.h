// Reductions and searches of 32-bit integers (token numbers, lengths) in steps that a chip has: exact, as its array and
// its pools are not.
#pragma once

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// Halves of an axis are combined until one element is left. Nothing where that is not the way (a root of integers).
Values decompose_integer_reduce(const Op& op, Builder& b);

// The place of the first (or last) 1 among equals of the extreme.
Values decompose_integer_search(const Op& op, Builder& b);

}  // namespace tpuc::ops
