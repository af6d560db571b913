// slice, concat and pad in DDR.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel slice_kernel();
Kernel concat_kernel();
Kernel pad_kernel();

}  // namespace tpuc::bm1684x
