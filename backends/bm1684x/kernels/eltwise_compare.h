// equal, less, greater, ..., and, or, xor, not: bytes of 0 or 1.
#pragma once

#include <span>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

std::span<const Kernel> compare_kernels();

}  // namespace tpuc::bm1684x
