// Products whose constant matrix stays integers until it is in local memory; see ops/weight_matmul.h.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel weight_matmul_kernel();

}  // namespace tpuc::bm1684x
