// Tensors at tpuc's border: arrays of the embedding API, and what a network asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tpuc/backend/backend.h"
#include "tpuc/runtime/tensors.h"
#include "tpuc/tpuc.h"

namespace tpuc {

// E3011 where the bytes do not fit the shape.
NamedTensors to_tensors(const Arrays& arrays);
Arrays to_arrays(const NamedTensors& tensors);

// What the network asks for, from what is there: other names are left out with a note, missing names (E3010) and shapes
// that do not fit (E3011) are reported together. Element types are converted unless `raw`; rank 0 and [1] are the same.
NamedTensors feed(const std::vector<ArtifactTensor>& wanted, const NamedTensors& given, bool raw);
// Integers of a network's border that stand for real numbers: what a user gives and gets are those, unless `raw`.
bool is_quantized_border(const TensorType& t);
// Types as a user sees them: f32 for such integers.
std::vector<ArtifactTensor> as_seen(std::vector<ArtifactTensor> tensors);
// x / scale + zero point, to nearest, ties away from zero, saturated; x times the reciprocal, as files have it.
Tensor quantized(const Tensor& x, const TensorType& to);
// (q - zero point) * scale in f32 where the type says so; others as they are.
Tensor dequantized(const Tensor& q, const TensorType& type);
// The results of a graph as a user sees them.
NamedTensors results_of(const Graph& graph, NamedTensors tensors, bool raw);
// The tensors of a file for a network with these inputs: .npz by name, a single .npy where there is one input.
NamedTensors read_inputs(const std::string& path, const std::vector<ArtifactTensor>& wanted);
// Floats in [-1, 1), integers in [0, 8), the same for the same seed and name on every machine.
NamedTensors random_inputs(const std::vector<ArtifactTensor>& wanted, uint64_t seed);
// `x` with another element type: to nearest (even) for floats, toward zero and saturated for integers.
Tensor converted(const Tensor& x, DType to);

}  // namespace tpuc
