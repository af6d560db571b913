// Sets of host tensors by name, in and out of .npz files.
#pragma once

#include <map>
#include <string>

#include "tpuc/ir/tensor.h"
#include "tpuc/support/npz.h"

namespace tpuc {

using NamedTensors = std::map<std::string, Tensor>;

// bf16 becomes f32 and 4-bit integers become bytes: npz has neither.
NpyArray to_npy(const Tensor& t);
// E3001 when the element type has no counterpart (text).
Tensor from_npy(const NpyArray& array, const std::string& name);

NamedTensors read_tensors(const std::string& path);
void write_tensors(const std::string& path, const NamedTensors& tensors);

}  // namespace tpuc
