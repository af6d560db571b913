// gather in DDR.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel gather_kernel();

}  // namespace tpuc::bm1684x
