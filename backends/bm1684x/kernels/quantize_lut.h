// lut: any function of bytes, from a table of 256 entries.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel lut_kernel();

}  // namespace tpuc::bm1684x
