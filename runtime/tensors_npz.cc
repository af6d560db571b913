// Host tensors to and from NumPy arrays.
#include <array>
#include <cstring>
#include <utility>

#include "tpuc/runtime/tensors.h"

namespace tpuc {
namespace {

constexpr std::array<std::pair<std::string_view, DType>, 12> kSpelling{{{"<f4", DType::F32},
                                                                        {"<f2", DType::F16},
                                                                        {"<f8", DType::F64},
                                                                        {"|i1", DType::I8},
                                                                        {"|u1", DType::U8},
                                                                        {"<i2", DType::I16},
                                                                        {"<u2", DType::U16},
                                                                        {"<i4", DType::I32},
                                                                        {"<u4", DType::U32},
                                                                        {"<i8", DType::I64},
                                                                        {"<u8", DType::U64},
                                                                        {"|b1", DType::Bool}}};

// The type that stands for `t` in a NumPy file.
DType stored_as(DType t) {
  if (t == DType::BF16) return DType::F32;
  if (t == DType::I4) return DType::I8;
  if (t == DType::U4) return DType::U8;
  return t;
}

}  // namespace

NpyArray to_npy(const Tensor& t) {
  const DType stored = stored_as(t.dtype());
  NpyArray array;
  for (const auto& [spelling, dtype] : kSpelling)
    if (dtype == stored) array.dtype = spelling;
  array.shape = t.dims();
  if (stored == t.dtype()) {
    array.data.assign(t.bytes().begin(), t.bytes().end());
  } else {
    Tensor wide(stored, t.dims());
    wide.assign_f32(t.to_f32());
    array.data.assign(wide.bytes().begin(), wide.bytes().end());
  }
  return array;
}

Tensor from_npy(const NpyArray& array, const std::string& name) {
  for (const auto& [spelling, dtype] : kSpelling) {
    if (spelling != array.dtype) continue;
    Tensor t(dtype, array.shape);
    TPUC_CHECK(t.bytes().size() == array.data.size(), "array {} holds {} bytes, its type needs {}", name,
               array.data.size(), t.bytes().size());
    if (!array.data.empty()) std::memcpy(t.mutable_bytes().data(), array.data.data(), array.data.size());
    return t;
  }
  throw UserError(diagnostic(ErrorCode::E3001, "array `{}` has elements of type `{}`, expected numbers or bool", name,
                             array.dtype));
}

NamedTensors read_tensors(const std::string& path) {
  NamedTensors tensors;
  for (const auto& [name, array] : read_npz(path)) tensors.insert_or_assign(name, from_npy(array, name));
  return tensors;
}

void write_tensors(const std::string& path, const NamedTensors& tensors) {
  NamedArrays arrays;
  for (const auto& [name, t] : tensors) arrays.emplace_back(name, to_npy(t));
  write_npz(path, arrays);
}

}  // namespace tpuc
