// Elements of a tensor in the type a reference evaluation computes in, and back. f16 and bf16 are computed in f32.
#pragma once

#include <cstdint>
#include <span>
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

// Round once to the tensor's type; integers wrap among themselves, bool is x != 0.
void store(Tensor& t, std::span<const float> values);
void store(Tensor& t, std::span<const double> values);
void store(Tensor& t, std::span<const int64_t> values);

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
