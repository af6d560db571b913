// arg_max and arg_min.
#pragma once

#include <span>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

std::span<const Kernel> arg_kernels();

}  // namespace tpuc::bm1684x
