// gather in DDR.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel gather_kernel();
Kernel gather_elements_kernel();  // along the last axis
Kernel scatter_kernel();          // scatter_nd of whole rows, replacing them

}  // namespace tpuc::bm1684x
