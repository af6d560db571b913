// prelu: the activation with a second operand, the slope.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel prelu_kernel();

}  // namespace tpuc::bm1684x
