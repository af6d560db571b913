// table_softmax: softmax of bytes.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel table_softmax_kernel();

}  // namespace tpuc::bm1684x
