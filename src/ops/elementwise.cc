// Broadcast walks and conversion to and from working types.
#include "ops/elementwise.h"

#include <algorithm>

namespace tpuc::ops {

Dims broadcast_strides(const Dims& from, const Dims& to) {
  TPUC_CHECK(from.size() <= to.size(), "{} cannot broadcast to {}", to_string(from), to_string(to));
  const Dims own = row_major_strides(from);
  const size_t lead = to.size() - from.size();
  Dims strides(to.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1) strides[lead + i] = own[i];
  return strides;
}

Walk::Walk(Dims result, std::vector<Dims> operand_strides)
    : dims_(std::move(result)),
      position_(dims_.size(), 0),
      strides_(std::move(operand_strides)),
      offsets_(strides_.size(), 0) {}

void Walk::next() {
  for (size_t axis = dims_.size(); axis-- > 0;) {
    ++position_[axis];
    for (size_t k = 0; k < strides_.size(); ++k) offsets_[k] += strides_[k][axis];
    if (position_[axis] < dims_[axis]) return;
    for (size_t k = 0; k < strides_.size(); ++k) offsets_[k] -= strides_[k][axis] * dims_[axis];
    position_[axis] = 0;
  }
}

void load(const Tensor& t, std::vector<float>& values) { values = t.to_f32(); }
void load(const Tensor& t, std::vector<double>& values) { values = t.to_f64(); }
void load(const Tensor& t, std::vector<int64_t>& values) { values = t.to_i64(); }

void store(Tensor& t, std::span<const float> values) { t.assign_f32(values); }
void store(Tensor& t, std::span<const double> values) { t.assign_f64(values); }

namespace {

template <class T>
void wrap(Tensor& t, std::span<const int64_t> values) {
  std::transform(values.begin(), values.end(), t.as_mutable<T>().begin(),
                 [](int64_t v) { return static_cast<T>(static_cast<uint64_t>(v)); });
}

}  // namespace

void store(Tensor& t, std::span<const int64_t> values) {
  switch (t.dtype()) {
    case DType::I64:
    case DType::U64:
      return wrap<uint64_t>(t, values);
    case DType::I32:
    case DType::U32:
      return wrap<uint32_t>(t, values);
    case DType::I16:
    case DType::U16:
      return wrap<uint16_t>(t, values);
    case DType::I8:
    case DType::U8:
      return wrap<uint8_t>(t, values);
    case DType::Bool: {
      auto out = t.as_mutable<uint8_t>();
      for (size_t i = 0; i < out.size(); ++i) out[i] = values[i] != 0;
      return;
    }
    case DType::F32:
    case DType::F16:
    case DType::BF16:
    case DType::F64:
    case DType::I4:
    case DType::U4:
      t.assign_f64(std::vector<double>(values.begin(), values.end()));
  }
}

}  // namespace tpuc::ops
