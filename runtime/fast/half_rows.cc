// Conversion of half precision tensors, without branches so that it vectorises on any machine.
#include "runtime/fast/half_rows.h"

#include <bit>

#include "runtime/fast/loops.h"

namespace tpuc::fast {
namespace {

// Where the exponent field is 0, the integer counts units of 2^-24. No f32 denormal on the way: some modes count it as
// 0.
[[gnu::always_inline]] inline float f32_of_f16(uint16_t h) {
  const uint32_t magnitude = h & 0x7fffu;
  const uint32_t tiny = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f);
  const uint32_t normal = (magnitude << 13) + (magnitude >= 0x7c00u ? 0x70000000u : 0x38000000u);
  return std::bit_cast<float>((magnitude < 0x400u ? tiny : normal) | static_cast<uint32_t>(h & 0x8000u) << 16);
}

[[gnu::always_inline]] inline uint16_t f16_of_f32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), sign = bits >> 16 & 0x8000u, a = bits & 0x7fffffffu;
  const uint32_t normal = (a + 0xfffu + (a >> 13 & 1u) - 0x38000000u) >> 13;
  // below 2^-14: adding 0.5 leaves units of 2^-24, the spacing of f16 subnormals
  const uint32_t tiny = std::bit_cast<uint32_t>(std::bit_cast<float>(a < 0x38800000u ? a : 0) + 0.5f) - 0x3f000000u;
  const uint32_t nan = 0x7e00u | (a >> 13 & 0x3ffu);
  uint32_t r = a < 0x38800000u ? tiny : normal;
  r = a >= 0x477ff000u ? 0x7c00u : r;  // 65520 and above round to infinity
  r = a > 0x7f800000u ? nan : r;
  return static_cast<uint16_t>(sign | r);
}

[[gnu::always_inline]] inline uint16_t bf16_of_f32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16, nan = bits >> 16 | 0x40u;
  return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void widen_f16(const uint16_t* x, float* y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = f32_of_f16(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void narrow_f16(const float* x, uint16_t* y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = f16_of_f32(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void widen_bf16(const uint16_t* x, float* y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = std::bit_cast<float>(static_cast<uint32_t>(x[i]) << 16);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void narrow_bf16(const float* x, uint16_t* y, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = bf16_of_f32(x[i]);
}

}  // namespace

void widen(const Tensor& half, Tensor& wide) {
  const uint16_t* x = half.as<uint16_t>().data();
  float* y = wide.as_mutable<float>().data();
  const auto convert = half.dtype() == DType::F16 ? widen_f16 : widen_bf16;
  for_chunks(half.count(), [&](int64_t begin, int64_t end) { convert(x + begin, y + begin, end - begin); });
}

void narrow(const Tensor& wide, Tensor& half) {
  const float* x = wide.as<float>().data();
  uint16_t* y = half.as_mutable<uint16_t>().data();
  const auto convert = half.dtype() == DType::F16 ? narrow_f16 : narrow_bf16;
  for_chunks(half.count(), [&](int64_t begin, int64_t end) { convert(x + begin, y + begin, end - begin); });
}

}  // namespace tpuc::fast
