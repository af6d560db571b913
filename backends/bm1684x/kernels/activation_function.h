// Activations and elementary functions that are computed in f32 by polynomials and iterations.
#pragma once

#include <span>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

std::span<const Kernel> function_kernels();

}  // namespace tpuc::bm1684x
