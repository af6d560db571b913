// layer_norm, rms_norm, group_norm and instance_norm: statistics over H and W of the view.
#pragma once

#include <span>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

std::span<const Kernel> norm_row_kernels();

}  // namespace tpuc::bm1684x
