// Tensors at tpuc's border: .npz and .npy files, arrays of the embedding API, and what a network asks for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tpuc/backend/backend.h"
#include "tpuc/ir/tensor.h"
#include "tpuc/tpuc.h"

namespace tpuc {

using Tensors = std::map<std::string, Tensor>;

// E3001 for damaged files and for element types that tpuc has not.
Tensors read_npz_tensors(const std::string& path);
Tensor read_npy_tensor(const std::string& path);
// bf16 becomes f32: NumPy has no bf16.
void write_npz_tensors(const std::string& path, const Tensors& tensors);

// E3011 where the bytes do not fit the shape.
Tensors to_tensors(const Arrays& arrays);
Arrays to_arrays(const Tensors& tensors);

// What the network asks for, from what is there: other names are left out with a note, missing names (E3010) and shapes
// that do not fit (E3011) are reported together. Element types are converted unless `raw`; rank 0 and [1] are the same.
Tensors feed(const std::vector<ArtifactTensor>& wanted, const Tensors& given, bool raw);
// The tensors of a file for a network with these inputs: .npz by name, a single .npy where there is one input.
Tensors read_inputs(const std::string& path, const std::vector<ArtifactTensor>& wanted);
// Floats in [-1, 1), integers in [0, 8), the same for the same seed and name on every machine.
Tensors random_inputs(const std::vector<ArtifactTensor>& wanted, uint64_t seed);
// `x` with another element type: to nearest (even) for floats, toward zero and saturated for integers.
Tensor converted(const Tensor& x, DType to);

}  // namespace tpuc
