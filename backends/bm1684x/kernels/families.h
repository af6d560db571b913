// The families of kernels; each is one file beside this one. kernel.cc joins them into the table.
#pragma once

#include <span>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

std::span<const Kernel> conv_kernels();
std::span<const Kernel> matmul_kernels();
std::span<const Kernel> pool_kernels();
std::span<const Kernel> eltwise_kernels();
std::span<const Kernel> activation_kernels();
std::span<const Kernel> norm_kernels();
std::span<const Kernel> softmax_kernels();
std::span<const Kernel> reduce_kernels();
std::span<const Kernel> move_kernels();  // reshape, permute, slice, concat, pad, gather, resize, depth to space, ...
std::span<const Kernel> cast_kernels();
std::span<const Kernel> quantize_kernels();

}  // namespace tpuc::bm1684x
