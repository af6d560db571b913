// Quantizes inputs and dequantizes outputs where the file gives them a scale. No arithmetic of the chip.
#include "backends/bm1684x/driver/border.h"

#include <cmath>
#include <cstring>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

bool is_quantized(const bmodel::Tensor& t) {
  return is_integer(dtype_of(t.type)) && (t.scale != 1.0F || t.zero_point != 0);
}

Dims dims_of(const std::vector<uint64_t>& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

DType dtype_of(bmodel::DataType type) {
  switch (type) {
    case bmodel::DataType::F32:
      return DType::F32;
    case bmodel::DataType::F16:
      return DType::F16;
    case bmodel::DataType::BF16:
      return DType::BF16;
    case bmodel::DataType::I8:
      return DType::I8;
    case bmodel::DataType::U8:
      return DType::U8;
    case bmodel::DataType::I16:
      return DType::I16;
    case bmodel::DataType::U16:
      return DType::U16;
    case bmodel::DataType::I32:
      return DType::I32;
    case bmodel::DataType::U32:
      return DType::U32;
    case bmodel::DataType::I4:
      return DType::I4;
    case bmodel::DataType::U4:
      return DType::U4;
  }
  return DType::F32;
}

bmodel::DataType data_type_of(DType t) {
  switch (t) {
    case DType::F32:
      return bmodel::DataType::F32;
    case DType::F16:
      return bmodel::DataType::F16;
    case DType::BF16:
      return bmodel::DataType::BF16;
    case DType::I8:
      return bmodel::DataType::I8;
    case DType::U8:
    case DType::Bool:
      return bmodel::DataType::U8;  // a byte of 0 or 1
    case DType::I16:
      return bmodel::DataType::I16;
    case DType::U16:
      return bmodel::DataType::U16;
    case DType::I32:
      return bmodel::DataType::I32;
    case DType::U32:
      return bmodel::DataType::U32;
    case DType::F64:
    case DType::I64:
    case DType::U64:
    case DType::I4:
    case DType::U4:
      break;
  }
  TPUC_CHECK(false, "a bmodel has no {}", to_string(t));
  return bmodel::DataType::F32;
}

TensorType border_type(const bmodel::Tensor& t, bool raw) {
  return {is_quantized(t) && !raw ? DType::F32 : dtype_of(t.type), dims_of(t.shape), {}};
}

Tensor to_stored(const Tensor& x, const bmodel::Tensor& wanted, bool raw) {
  const DType dtype = dtype_of(wanted.type);
  if (!is_quantized(wanted) || raw) return x;
  Tensor q(dtype, dims_of(wanted.shape));
  std::vector<double> values = x.to_f64();
  // std::round: ties away from zero. assign_f64 saturates.
  for (double& v : values)
    v = std::isnan(v) ? 0 : std::round(v * static_cast<double>(wanted.scale)) + wanted.zero_point;
  q.assign_f64(values);
  return q;
}

Tensor from_stored(const SimTensor& got, const bmodel::Tensor& declared, bool raw) {
  Tensor t(dtype_of(got.type), dims_of(got.shape));
  TPUC_CHECK(t.bytes().size() == got.bytes.size(), "tensor {} came with {} bytes", got.name, got.bytes.size());
  if (!got.bytes.empty()) std::memcpy(t.mutable_bytes().data(), got.bytes.data(), got.bytes.size());
  if (!is_quantized(declared) || raw) return t;
  std::vector<float> values = t.to_f32();
  for (float& v : values) v = (v - static_cast<float>(declared.zero_point)) * declared.scale;
  return Tensor::from_f32(t.dims(), values);
}

}  // namespace tpuc::bm1684x
