// weighted_sum and scaled_product: arithmetic of bytes of different scales.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel weighted_sum_kernel();
Kernel scaled_product_kernel();

}  // namespace tpuc::bm1684x
