// Tensors at a bmodel's border: host tensors to the bytes of its inputs, bytes of its outputs to host tensors.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/sim/simulator.h"
#include "tpuc/ir/tensor.h"

namespace tpuc::bm1684x {

DType dtype_of(bmodel::DataType type);
bmodel::DataType data_type_of(DType t);  // chip types only; InternalError otherwise

// The type a user sees: f32 for integers with a scale unless `raw`, else the file's own.
TensorType border_type(const bmodel::Tensor& t, bool raw);
// Values as the file stores them. Integers with a scale: value * scale + zero point (the file keeps the reciprocal of
// an input's scale), to nearest, ties away from zero, saturated.   source: BMODEL.md, table of Tensor
Tensor to_stored(const Tensor& x, const bmodel::Tensor& wanted, bool raw);
// The way back: (q - zero point) * scale, in f32.
Tensor from_stored(const SimTensor& got, const bmodel::Tensor& declared, bool raw);

}  // namespace tpuc::bm1684x
