// Whole tensors between f16 or bf16 and f32, to nearest even, with vector instructions. The same values as
// Tensor::to_f32 and assign_f32.
#pragma once

#include "tpuc/ir/tensor.h"

namespace tpuc::fast {

void widen(const Tensor& half, Tensor& wide);  // wide: f32 of the same dimensions
void narrow(const Tensor& wide, Tensor& half);

}  // namespace tpuc::fast
