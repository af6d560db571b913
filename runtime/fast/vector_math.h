// exp, expm1, erf and their relatives without branches and calls, so that loops over them vectorise. Errors measured
// against double: exp and expm1 2 ulp, tanh, sigmoid and erf 3 ulp (vector_math_test).
#pragma once

#include <bit>
#include <cstdint>

namespace tpuc::fast {

struct PowerOfTwo {
  float low, high;  // 2^n as a product: each factor is a normal number for -252 <= n <= 254
};
[[gnu::always_inline]] inline PowerOfTwo power_of_two(int32_t n) {
  const int32_t half = n >> 1;
  return {std::bit_cast<float>((half + 127) << 23), std::bit_cast<float>((n - half + 127) << 23)};
}

// x = n * ln 2 + r with |r| <= ln 2 / 2; e^r - 1 by its Taylor series to r^7 (error below 2^-26).
struct Reduced {
  int32_t n;
  float expm1_r;
};
[[gnu::always_inline]] inline Reduced reduce_exp(float x) {
  constexpr float kLog2e = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kShift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
  const float shifted = x * kLog2e + kShift;
  const float n = shifted - kShift;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  return {std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kShift), r + r * r * p};
}

[[gnu::always_inline]] inline float clamp_to(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;  // a NaN stays
}

[[gnu::always_inline]] inline float fast_exp(float x) {
  const Reduced e = reduce_exp(clamp_to(x, -104.0f, 89.0f));  // 0 and infinity beyond
  const PowerOfTwo p = power_of_two(e.n);
  return (1 + e.expm1_r) * p.low * p.high;
}

[[gnu::always_inline]] inline float fast_expm1(float x) {
  const Reduced e = reduce_exp(clamp_to(x, -30.0f, 89.0f));
  const PowerOfTwo p = power_of_two(e.n);
  const float scaled = e.expm1_r * p.low * p.high;
  return e.n > 60 ? scaled + p.low * p.high : scaled + (p.low * p.high - 1);
}

[[gnu::always_inline]] inline float fast_sigmoid(float x) { return 1 / (1 + fast_exp(-x)); }

[[gnu::always_inline]] inline float fast_tanh(float x) {
  const float magnitude = clamp_to(x < 0 ? -x : x, 0.0f, 20.0f);
  const float e = fast_expm1(2 * magnitude);
  const float t = e / (e + 2);
  const uint32_t sign = std::bit_cast<uint32_t>(x) & 0x80000000u;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(t) | sign);
}

// Minimax polynomials: near 0 of erf(x) / x - 1, elsewhere of ln(1 - erf(x)).   source: coefficients by N. Juffa (1
// ulp)
[[gnu::always_inline]] inline float fast_erf(float x) {
  const float t = clamp_to(x < 0 ? -x : x, 0.0f, 4.0f), s = t * t;  // f32 has 1 beyond 4
  float near = -5.96761703e-4f;
  near = near * s + 4.99119423e-3f;
  near = near * s - 2.67681349e-2f;
  near = near * s + 1.12819925e-1f;
  near = near * s - 3.76125336e-1f;
  near = near * s + 1.28379166e-1f;
  near = near * t + t;
  float far = (-1.72853470e-5f * t + 3.83197126e-4f) * s + (-3.88396438e-3f * t + 2.42546219e-2f);
  far = far * t - 1.06777877e-1f;
  far = far * t - 6.34846687e-1f;
  far = far * t - 1.28717512e-1f;
  far = 1 - fast_exp(far * t - t);
  const float magnitude = t > 0.927734375f ? far : near;
  const uint32_t sign = std::bit_cast<uint32_t>(x) & 0x80000000u;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

}  // namespace tpuc::fast
