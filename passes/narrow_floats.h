// Weights to the element types of a chip.
#pragma once

#include "tpuc/ir/tensor.h"

namespace tpuc {

// Floats in another float type, rounded once to nearest even; finite numbers stay finite: a mask of -1e9 becomes the
// lowest f16, not infinity, which would turn into NaN. On all threads, and with no copy in between.
Tensor narrow_floats(const Tensor& t, DType to);

// `t` in its own type, finite numbers at most the largest that `type` holds.
Tensor finite_in(const Tensor& t, DType type);

}  // namespace tpuc
