// Integer helpers for sizes: rounding, checked products. All values are elements or bytes as the caller says.
#pragma once

#include <cstdint>
#include <optional>

namespace tpuc {

template <class T>
constexpr T ceil_div(T a, T b) {
  return (a + b - 1) / b;
}
template <class T>
constexpr T align_up(T a, T multiple) {
  return ceil_div(a, multiple) * multiple;
}
// a * b, or nothing when it leaves int64.
inline std::optional<int64_t> checked_mul(int64_t a, int64_t b) {
  int64_t r = 0;
  if (__builtin_mul_overflow(a, b, &r)) return std::nullopt;
  return r;
}

}  // namespace tpuc
