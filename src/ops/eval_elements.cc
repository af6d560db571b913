// Writing computed values with a tensor's element type.
#include "ops/eval_elements.h"

#include <algorithm>

namespace tpuc::ops {

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
