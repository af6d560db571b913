// weight_matmul by the fast version of matmul: the matrix is dequantized once, when the kernel is prepared.
#pragma once

#include "runtime/fast/fast.h"

namespace tpuc::fast {

// `matmul` prepares a matmul of f32. Nothing where the weights are not constant, or it has no fast version.
Kernel prepare_weight_matmul(const Site& site, Prepare matmul);

}  // namespace tpuc::fast
