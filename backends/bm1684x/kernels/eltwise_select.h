// select: a where a condition holds, else b.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel select_kernel();

}  // namespace tpuc::bm1684x
