// Elements of a tensor in the type a reference evaluation computes in, and back. f16 and bf16 are computed in f32.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "tpuc/ir/tensor.h"

namespace tpuc::ops {

template <class T>
std::vector<T> elements(const Tensor& t) {
  if constexpr (std::is_same_v<T, float>) {
    return t.to_f32();
  } else if constexpr (std::is_same_v<T, double>) {
    return t.to_f64();
  } else {
    static_assert(std::is_same_v<T, int64_t>);
    return t.to_i64();
  }
}

inline void store(Tensor& t, const std::vector<float>& values) { t.assign_f32(values); }
inline void store(Tensor& t, const std::vector<double>& values) { t.assign_f64(values); }
// exact: i64 and i32 wrap; narrower integers saturate, which no operator here relies on.
inline void store(Tensor& t, const std::vector<int64_t>& values) {
  if (t.dtype() == DType::I64 || t.dtype() == DType::U64) {
    auto out = t.as_mutable<int64_t>();
    for (size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  } else if (t.dtype() == DType::I32 || t.dtype() == DType::U32) {
    auto out = t.as_mutable<int32_t>();
    for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<int32_t>(values[i]);
  } else {
    t.assign_f64(std::vector<double>(values.begin(), values.end()));
  }
}

// Calls fn(T{}) with the type to compute in: double for f64, int64_t for integers, float otherwise.
template <class Fn>
void with_compute_type(DType t, Fn&& fn) {
  if (t == DType::F64) {
    fn(double{});
  } else if (is_float(t)) {
    fn(float{});
  } else {
    fn(int64_t{});
  }
}

}  // namespace tpuc::ops
