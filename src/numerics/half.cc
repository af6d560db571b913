// fp16 and bf16 conversions on bit patterns (no host rounding mode), and row versions for whole tensors.
#include "tpuc/numerics/half.h"

#include <immintrin.h>

#include <bit>
#include <cmath>

namespace tpuc {
namespace {

constexpr uint32_t kF32Inf = 0x7f800000;
constexpr uint16_t kHalfNan = 0x7fff;

// Whether the magnitude q, with remainder `rem` of `2 * half`, is rounded up.
bool rounds_up(uint64_t q, uint64_t rem, uint64_t half, bool negative, Round mode) {
  switch (mode) {
    case Round::NearestEven:
      return rem > half || (rem == half && (q & 1) != 0);
    case Round::NearestAway:
    case Round::NearestUp:
      return rem >= half;
    case Round::Zero:
      return false;
    case Round::Down:
      return rem > 0 && negative;
    case Round::Up:
      return rem > 0 && !negative;
    case Round::NearestDown:
      return rem > half;
  }
  return false;
}

uint32_t round_bits(uint32_t magnitude, int shift, bool negative, Round mode) {
  const uint32_t q = magnitude >> shift, rem = magnitude - (q << shift);
  return q + (rounds_up(q, rem, uint32_t{1} << (shift - 1), negative, mode) ? 1 : 0);
}

// |v| rounded to `precision` significant bits, as mantissa * 2^exponent.
struct Scaled {
  uint64_t mantissa;
  int exponent;
};
Scaled round_int(int64_t v, int precision, Round mode) {
  const uint64_t m = v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
  const int excess = static_cast<int>(std::bit_width(m)) - precision;
  if (excess <= 0) return {m, 0};
  const uint64_t q = m >> excess, rem = m - (q << excess);
  return {q + (rounds_up(q, rem, uint64_t{1} << (excess - 1), v < 0, mode) ? 1 : 0), excess};
}

}  // namespace

float f16_to_f32(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16, mag = bits & 0x7fff;
  if (mag > 0x7c00) return std::bit_cast<float>(0xffc00000);
  if (mag == 0x7c00) return std::bit_cast<float>(sign | kF32Inf);
  if (mag >= 0x400) return std::bit_cast<float>(sign | ((mag << 13) + (112u << 23)));
  if (mag == 0) return std::bit_cast<float>(sign);
  const int shift = std::countl_zero(mag) - 21;  // brings the leading one to bit 10
  const uint32_t exponent = static_cast<uint32_t>(113 - shift);
  return std::bit_cast<float>(sign | (exponent << 23) | (((mag << shift) & 0x3ff) << 13));
}

uint16_t f32_to_f16(float x, Round mode) {
  const uint32_t b = std::bit_cast<uint32_t>(x), mag = b & 0x7fffffff;
  const bool negative = (b >> 31) != 0;
  const auto sign = static_cast<uint16_t>(negative ? 0x8000 : 0);
  if (mag > kF32Inf) return kHalfNan;
  if (mag == kF32Inf) return sign | 0x7c00;
  const uint32_t exponent = mag >> 23;
  if (exponent == 0) return sign;
  uint32_t q = 0;
  if (exponent < 113) {  // below the smallest normal fp16
    const int shift = static_cast<int>(std::min<uint32_t>(113 - exponent + 13, 26));
    q = round_bits((mag & 0x7fffff) | 0x800000, shift, negative, mode);
  } else {
    q = round_bits(mag - (112u << 23), 13, negative, mode);
  }
  return static_cast<uint16_t>(std::min<uint32_t>(q, 0x7c00) | sign);
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t f32_to_bf16(float x, Round mode) {
  const uint32_t b = std::bit_cast<uint32_t>(x), mag = b & 0x7fffffff;
  const bool negative = (b >> 31) != 0;
  const auto sign = static_cast<uint16_t>(negative ? 0x8000 : 0);
  if (mag > kF32Inf) return kHalfNan;
  const uint32_t q = std::min<uint32_t>(round_bits(mag, 16, negative, mode), 0x7f80);
  return static_cast<uint16_t>((q < 0x80 ? 0 : q) | sign);
}

float int_to_f32(int64_t v, Round mode) {
  const Scaled s = round_int(v, 24, mode);
  const auto magnitude =
      std::ldexp(static_cast<float>(s.mantissa), s.exponent);  // exact: at most 25 bits, one of them 0
  return v < 0 ? -magnitude : magnitude;
}

uint16_t int_to_bf16(int64_t v, Round mode) {
  const Scaled s = round_int(v, 8, mode);
  const auto magnitude = std::ldexp(static_cast<float>(s.mantissa), s.exponent);
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(v < 0 ? -magnitude : magnitude) >> 16);
}

uint16_t int_to_f16(int64_t v, Round mode) {
  const Scaled s = round_int(v, 11, mode);
  const bool negative = v < 0;
  const auto sign = static_cast<uint16_t>(negative ? 0x8000 : 0);
  const float magnitude = std::ldexp(static_cast<float>(s.mantissa), s.exponent);
  if (magnitude <= 65504) return f32_to_f16(magnitude) | sign;
  bool infinite = mode == Round::NearestEven || mode == Round::NearestAway;
  infinite = infinite || (mode == Round::Up && !negative) || (mode == Round::Down && negative);
  infinite = infinite || ((mode == Round::NearestUp || mode == Round::NearestDown) && !negative);
  return static_cast<uint16_t>((infinite ? 0x7c00 : 0x7bff) | sign);
}

int64_t f32_to_int(float x, int bits, bool is_signed, Round mode) {
  const int64_t low = lowest_of(bits, is_signed), high = highest_of(bits, is_signed);
  if (std::isnan(x)) return low;
  const auto v = static_cast<double>(x);
  double r = 0;
  switch (mode) {
    case Round::NearestEven:
      r = std::nearbyint(v);
      break;
    case Round::NearestAway:
      r = v >= 0 ? std::floor(v + .5) : std::ceil(v - .5);
      break;
    case Round::Zero:
      r = std::trunc(v);
      break;
    case Round::Down:
      r = std::floor(v);
      break;
    case Round::Up:
    case Round::NearestUp:
    case Round::NearestDown:
      r = std::ceil(v);
      break;
  }
  return static_cast<int64_t>(std::clamp(r, static_cast<double>(low), static_cast<double>(high)));
}

namespace {

#pragma GCC push_options
#pragma GCC target("avx2,f16c")
size_t f16_to_f32_avx2(const uint16_t* from, float* to, size_t count) {
  const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(0xffc00000)));
  size_t k = 0;
  for (; k + 8 <= count; k += 8) {
    const __m256 v = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + k)));
    _mm256_storeu_ps(to + k, _mm256_blendv_ps(v, nan, _mm256_cmp_ps(v, v, _CMP_UNORD_Q)));
  }
  return k;
}
size_t f32_to_f16_avx2(const float* from, uint16_t* to, size_t count) {
  size_t k = 0;
  for (; k + 8 <= count; k += 8) {
    const __m256 v = _mm256_loadu_ps(from + k);
    const __m128i h = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
    const __m128i magnitude = _mm_and_si128(h, _mm_set1_epi16(0x7fff));
    const __m128i nan = _mm_cmpgt_epi16(magnitude, _mm_set1_epi16(0x7c00));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + k), _mm_blendv_epi8(h, _mm_set1_epi16(kHalfNan), nan));
  }
  return k;
}
#pragma GCC pop_options

bool has_f16c() { return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("f16c") != 0; }

}  // namespace

void f16_to_f32(const uint16_t* from, float* to, size_t count) {
  for (size_t k = has_f16c() ? f16_to_f32_avx2(from, to, count) : 0; k < count; ++k) to[k] = f16_to_f32(from[k]);
}

void f32_to_f16(const float* from, uint16_t* to, size_t count) {
  for (size_t k = has_f16c() ? f32_to_f16_avx2(from, to, count) : 0; k < count; ++k) to[k] = f32_to_f16(from[k]);
}

void bf16_to_f32(const uint16_t* from, float* to, size_t count) {
#pragma omp simd
  for (size_t k = 0; k < count; ++k) to[k] = std::bit_cast<float>(static_cast<uint32_t>(from[k]) << 16);
}

void f32_to_bf16(const float* from, uint16_t* to, size_t count) {
#pragma omp simd
  for (size_t k = 0; k < count; ++k) {
    const uint32_t b = std::bit_cast<uint32_t>(from[k]), mag = b & 0x7fffffff;
    uint32_t q = (mag + 0x7fff + ((mag >> 16) & 1)) >> 16;
    q = q < 0x80 ? 0 : q;
    q = (q | (b >> 16 & 0x8000));
    to[k] = static_cast<uint16_t>(mag > kF32Inf ? kHalfNan : q);
  }
}

}  // namespace tpuc
