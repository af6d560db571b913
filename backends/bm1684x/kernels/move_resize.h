// resize in local memory, so that it joins the layers around it.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel resize_kernel();

}  // namespace tpuc::bm1684x
