// Convolutions that add their products in the order of ONNX Runtime's CPU kernels.
#pragma once

#include "runtime/fast/fast.h"

namespace tpuc::fast {

// A conv2d of f32 whose result is rounded to 8 bits next. Where a sum lies next to the border of two integers its last
// bit decides, and one such decision changes everything behind it: only the same order gives the same network.
Kernel prepare_ordered_conv(const Site& site);

}  // namespace tpuc::fast
