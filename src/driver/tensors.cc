// Tensors in and out of files and of the embedding API's arrays.
#include "driver/tensors.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/npz.h"

namespace tpuc {
namespace {

struct NpyName {
  std::string_view name;
  DType dtype;
};
constexpr std::array<NpyName, 12> kNpyNames = {{{"<f4", DType::F32},
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

void copy_bytes(Tensor& to, std::span<const std::byte> from) {
  if (!from.empty()) std::memcpy(to.mutable_bytes().data(), from.data(), from.size());
}

Tensor to_tensor(const NpyArray& array, const std::string& name) {
  const auto* const known =
      std::find_if(kNpyNames.begin(), kNpyNames.end(), [&](const NpyName& n) { return n.name == array.dtype; });
  if (known == kNpyNames.end())
    throw UserError(
        diagnostic(ErrorCode::E3001, "array `{}` has element type {}, which tpuc has not", name, array.dtype));
  Tensor t(known->dtype, array.shape);
  TPUC_CHECK(t.bytes().size() == array.data.size(), "array {} has {} bytes, its shape needs {}", name,
             array.data.size(), t.bytes().size());
  copy_bytes(t, array.data);
  return t;
}

NpyArray to_npy(const Tensor& t) {
  if (t.dtype() == DType::BF16) return to_npy(converted(t, DType::F32));
  const auto* const known =
      std::find_if(kNpyNames.begin(), kNpyNames.end(), [&](const NpyName& n) { return n.dtype == t.dtype(); });
  TPUC_CHECK(known != kNpyNames.end(), "tensors of {} have no form in NumPy", to_string(t.dtype()));
  return {std::string(known->name), t.dims(), {t.bytes().begin(), t.bytes().end()}};
}

}  // namespace

Tensors read_npz_tensors(const std::string& path) {
  Tensors out;
  for (const auto& [name, array] : read_npz(path)) out.insert_or_assign(name, to_tensor(array, name));
  return out;
}

Tensor read_npy_tensor(const std::string& path) { return to_tensor(read_npy(path), path); }

void write_npz_tensors(const std::string& path, const Tensors& tensors) {
  NamedArrays arrays;
  for (const auto& [name, tensor] : tensors) arrays.emplace_back(name, to_npy(tensor));
  write_npz(path, arrays);
}

Tensors to_tensors(const Arrays& arrays) {
  Tensors out;
  for (const auto& [name, array] : arrays) {
    const std::optional<DType> dtype = parse_dtype(array.dtype);
    if (!dtype || bit_width(*dtype) < 8)
      throw UserError(
          diagnostic(ErrorCode::E3011, "array `{}` has element type `{}`, which is not known", name, array.dtype));
    if (!is_sane(array.shape, *dtype) ||
        byte_count({*dtype, array.shape, {}}) != static_cast<int64_t>(array.data.size()))
      throw UserError(diagnostic(ErrorCode::E3011, "array `{}` has {} bytes, which is not what {}{} takes", name,
                                 array.data.size(), array.dtype, to_string(array.shape)));
    Tensor t(*dtype, array.shape);
    copy_bytes(t, array.data);
    out.emplace(name, std::move(t));
  }
  return out;
}

Arrays to_arrays(const Tensors& tensors) {
  Arrays out;
  for (const auto& [name, t] : tensors)
    out.emplace(name, Array{std::string(to_string(t.dtype())), t.dims(), {t.bytes().begin(), t.bytes().end()}});
  return out;
}

Tensor converted(const Tensor& x, DType to) {
  if (x.dtype() == to) return x;
  Tensor out(to, x.dims());
  if (is_integer(x.dtype()) && is_integer(to) && size_bytes(x.dtype()) == 8 && size_bytes(to) == 8)
    copy_bytes(out, x.bytes());  // i64 and u64: f64 would lose digits
  else if (x.dtype() == DType::F64 || size_bytes(x.dtype()) >= 4)
    out.assign_f64(x.to_f64());
  else
    out.assign_f32(x.to_f32());
  return out;
}

}  // namespace tpuc
