// One body per dot product, written with GCC's vector types and compiled for three instruction sets.
#include "backends/bm1684x/sim/dot.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

// The vector types below never cross a real call: everything that takes or returns one is inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace tpuc::bm1684x {
namespace {

template <size_t Bytes>
struct Vec {
  typedef float F __attribute__((vector_size(Bytes)));     // NOLINT(modernize-use-using): the attribute needs a typedef
  typedef int32_t I __attribute__((vector_size(Bytes)));   // NOLINT(modernize-use-using)
  typedef uint32_t U __attribute__((vector_size(Bytes)));  // NOLINT(modernize-use-using): sums that may wrap
  static constexpr size_t kLanes = Bytes / 4;
};

template <class V, class T>
[[gnu::always_inline]] inline V load_vec(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}
template <class V, class T>
[[gnu::always_inline]] inline void store_vec(T* p, V v) {
  std::memcpy(p, &v, sizeof(V));
}

// ---- fp32: a tile of Rows results times N vectors of columns keeps its two accumulators in registers
template <size_t Bytes, size_t Rows, size_t N>
[[gnu::always_inline]] inline void tile_f32(const DotShape& s, const float* x, const float* w, float* even,
                                            float* odd) {
  using V = typename Vec<Bytes>::F;
  constexpr size_t kLanes = Vec<Bytes>::kLanes;
  V a[Rows][N], b[Rows][N];
  for (size_t r = 0; r < Rows; ++r)
    for (size_t n = 0; n < N; ++n) {
      a[r][n] = load_vec<V>(even + r * kDotColumns + n * kLanes);
      b[r][n] = load_vec<V>(odd + r * kDotColumns + n * kLanes);
    }
  size_t k = 0;
  for (; k + 2 <= s.k_count; k += 2) {
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      const float w0 = w[r * s.w_stride + k], w1 = w[r * s.w_stride + k + 1];
#pragma GCC unroll 8
      for (size_t n = 0; n < N; ++n) {
        a[r][n] += load_vec<V>(x + k * kDotColumns + n * kLanes) * w0;
        b[r][n] += load_vec<V>(x + (k + 1) * kDotColumns + n * kLanes) * w1;
      }
    }
  }
  for (size_t r = 0; r < Rows; ++r)
    for (size_t n = 0; n < N; ++n) {
      if (k < s.k_count) a[r][n] += load_vec<V>(x + k * kDotColumns + n * kLanes) * w[r * s.w_stride + k];
      store_vec(even + r * kDotColumns + n * kLanes, a[r][n]);
      store_vec(odd + r * kDotColumns + n * kLanes, b[r][n]);
    }
}

template <size_t Bytes, size_t Rows, size_t N>
[[gnu::always_inline]] inline void body_f32(const DotShape& s, const float* x, const float* w, float* even,
                                            float* odd) {
  size_t r = 0;
  for (; r + Rows <= s.rows; r += Rows)
    for (size_t c = 0; c < kDotColumns; c += N * Vec<Bytes>::kLanes)
      tile_f32<Bytes, Rows, N>(s, x + c, w + r * s.w_stride, even + r * kDotColumns + c, odd + r * kDotColumns + c);
  for (; r < s.rows; ++r)
    for (size_t c = 0; c < kDotColumns; c += N * Vec<Bytes>::kLanes)
      tile_f32<Bytes, 1, N>(s, x + c, w + r * s.w_stride, even + r * kDotColumns + c, odd + r * kDotColumns + c);
}

// ---- int32, sums and products wrap
template <size_t Bytes, size_t Rows, size_t N>
[[gnu::always_inline]] inline void tile_i32(const DotShape& s, const int32_t* x, const int32_t* w, int32_t* acc) {
  using V = typename Vec<Bytes>::U;
  constexpr size_t kLanes = Vec<Bytes>::kLanes;
  V a[Rows][N];
  for (size_t r = 0; r < Rows; ++r)
    for (size_t n = 0; n < N; ++n) a[r][n] = load_vec<V>(acc + r * kDotColumns + n * kLanes);
  for (size_t k = 0; k < s.k_count; ++k) {
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 8
      for (size_t n = 0; n < N; ++n)
        a[r][n] += load_vec<V>(x + k * kDotColumns + n * kLanes) * static_cast<uint32_t>(w[r * s.w_stride + k]);
  }
  for (size_t r = 0; r < Rows; ++r)
    for (size_t n = 0; n < N; ++n) store_vec(acc + r * kDotColumns + n * kLanes, a[r][n]);
}

template <size_t Bytes, size_t Rows, size_t N>
[[gnu::always_inline]] inline void body_i32(const DotShape& s, const int32_t* x, const int32_t* w, int32_t* acc) {
  size_t r = 0;
  for (; r + Rows <= s.rows; r += Rows)
    for (size_t c = 0; c < kDotColumns; c += N * Vec<Bytes>::kLanes)
      tile_i32<Bytes, Rows, N>(s, x + c, w + r * s.w_stride, acc + r * kDotColumns + c);
  for (; r < s.rows; ++r)
    for (size_t c = 0; c < kDotColumns; c += N * Vec<Bytes>::kLanes)
      tile_i32<Bytes, 1, N>(s, x + c, w + r * s.w_stride, acc + r * kDotColumns + c);
}

// ---- half types

// The fused sum in double precision: any exponent, infinities and NaN. products: one column of a block.
float fused_sum_any(const float* products, size_t count) {
  double largest = 0, plain = 0;
  for (size_t k = 0; k < count; ++k) {
    plain += products[k];
    const double magnitude = std::abs(static_cast<double>(products[k]));
    largest = magnitude > largest || std::isnan(magnitude) ? magnitude : largest;
    if (std::isnan(magnitude)) break;
  }
  if (largest == 0) return 0;
  if (!std::isfinite(largest)) return std::isnan(plain) ? std::bit_cast<float>(0xffc00000) : static_cast<float>(plain);
  const int exponent = std::ilogb(largest);
  double sum = 0;
  for (size_t k = 0; k < count; ++k) sum += std::trunc(std::ldexp(static_cast<double>(products[k]), 24 - exponent));
  return static_cast<float>(std::ldexp(sum, exponent - 24));
}

[[gnu::noinline]] void half_columns_any(const DotShape& s, size_t block, const float* x, const float* w, size_t columns,
                                        float* acc) {
  for (size_t c = 0; c < columns; ++c)
    for (size_t k = 0; k < s.k_count; k += block) {
      float products[kHalfBlock];
      for (size_t j = 0; j < block; ++j) products[j] = x[(k + j) * kDotColumns + c] * w[k + j];
      acc[c] += fused_sum_any(products, block);
    }
}

// Biased exponents of the largest product for which both scale factors are normal numbers.
constexpr int32_t kLowestExponent = 26, kHighestExponent = 254;

template <size_t Bytes, size_t Rows>
[[gnu::always_inline]] inline void tile_half(const DotShape& s, size_t block, const float* x, const float* w,
                                             float* acc) {
  using F = typename Vec<Bytes>::F;
  using I = typename Vec<Bytes>::I;
  using U = typename Vec<Bytes>::U;
  F sum[Rows];
  I odd_exponent[Rows];  // all ones where the fast way is not exact
  for (size_t r = 0; r < Rows; ++r) {
    sum[r] = load_vec<F>(acc + r * kDotColumns);
    odd_exponent[r] = I{};
  }
  for (size_t k = 0; k < s.k_count; k += block) {
    const float* xb = x + k * kDotColumns;
    const float* wb = w + k;
    I largest[Rows];
    for (size_t r = 0; r < Rows; ++r) largest[r] = I{};
    for (size_t j = 0; j < block; ++j) {
      const F xv = load_vec<F>(xb + j * kDotColumns);
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r) {
        const I bits = reinterpret_cast<I>(xv * wb[r * s.w_stride + j]) & 0x7fffffff;
        largest[r] = bits > largest[r] ? bits : largest[r];
      }
    }
    F scale[Rows];
    U total[Rows];
    I exponent[Rows];
    for (size_t r = 0; r < Rows; ++r) {
      exponent[r] = largest[r] >> 23;
      odd_exponent[r] |= (exponent[r] > kHighestExponent) | ((largest[r] != 0) & (exponent[r] < kLowestExponent));
      exponent[r] = exponent[r] < kLowestExponent ? I{} + kLowestExponent : exponent[r];
      scale[r] = reinterpret_cast<F>((127 + 24 + 127 - exponent[r]) << 23);
      total[r] = U{};
    }
    for (size_t j = 0; j < block; ++j) {
      const F xv = load_vec<F>(xb + j * kDotColumns);
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r)
        total[r] += reinterpret_cast<U>(__builtin_convertvector((xv * wb[r * s.w_stride + j]) * scale[r], I));
    }
    for (size_t r = 0; r < Rows; ++r)
      sum[r] +=
          __builtin_convertvector(reinterpret_cast<I>(total[r]), F) * reinterpret_cast<F>((exponent[r] - 24) << 23);
  }
  for (size_t r = 0; r < Rows; ++r) {
    bool any = false;
    for (size_t n = 0; n < Vec<Bytes>::kLanes; ++n) any = any || odd_exponent[r][n] != 0;
    if (any) {
      half_columns_any(s, block, x, w + r * s.w_stride, Vec<Bytes>::kLanes, acc + r * kDotColumns);
    } else {
      store_vec(acc + r * kDotColumns, sum[r]);
    }
  }
}

template <size_t Bytes, size_t Rows>
[[gnu::always_inline]] inline void body_half(const DotShape& s, size_t block, const float* x, const float* w,
                                             float* acc) {
  size_t r = 0;
  for (; r + Rows <= s.rows; r += Rows)
    for (size_t c = 0; c < kDotColumns; c += Vec<Bytes>::kLanes)
      tile_half<Bytes, Rows>(s, block, x + c, w + r * s.w_stride, acc + r * kDotColumns + c);
  for (; r < s.rows; ++r)
    for (size_t c = 0; c < kDotColumns; c += Vec<Bytes>::kLanes)
      tile_half<Bytes, 1>(s, block, x + c, w + r * s.w_stride, acc + r * kDotColumns + c);
}

// ---- one instance per instruction set

__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void f32_avx512(const DotShape& s, const float* x,
                                                                              const float* w, float* e, float* o) {
  body_f32<64, 4, 2>(s, x, w, e, o);
}
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void half_avx512(const DotShape& s, size_t block,
                                                                               const float* x, const float* w,
                                                                               float* a) {
  body_half<64, 4>(s, block, x, w, a);
}
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void i32_avx512(const DotShape& s, const int32_t* x,
                                                                              const int32_t* w, int32_t* a) {
  body_i32<64, 8, 2>(s, x, w, a);
}
__attribute__((target("avx2"))) void f32_avx2(const DotShape& s, const float* x, const float* w, float* e, float* o) {
  body_f32<32, 2, 2>(s, x, w, e, o);
}
__attribute__((target("avx2"))) void half_avx2(const DotShape& s, size_t block, const float* x, const float* w,
                                               float* a) {
  body_half<32, 2>(s, block, x, w, a);
}
__attribute__((target("avx2"))) void i32_avx2(const DotShape& s, const int32_t* x, const int32_t* w, int32_t* a) {
  body_i32<32, 4, 2>(s, x, w, a);
}
void f32_base(const DotShape& s, const float* x, const float* w, float* e, float* o) {
  body_f32<16, 2, 2>(s, x, w, e, o);
}
void half_base(const DotShape& s, size_t block, const float* x, const float* w, float* a) {
  body_half<16, 2>(s, block, x, w, a);
}
void i32_base(const DotShape& s, const int32_t* x, const int32_t* w, int32_t* a) { body_i32<16, 2, 2>(s, x, w, a); }

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
}

}  // namespace

std::vector<DotKernels> runnable_dot_kernels() {
  std::vector<DotKernels> kernels;
  if (has_avx512()) kernels.push_back({"avx512", f32_avx512, half_avx512, i32_avx512});
  if (__builtin_cpu_supports("avx2") != 0) kernels.push_back({"avx2", f32_avx2, half_avx2, i32_avx2});
  kernels.push_back({"base", f32_base, half_base, i32_base});
  return kernels;
}

const DotKernels& dot_kernels() {
  static const DotKernels best = runnable_dot_kernels().front();
  return best;
}

void dot_half_blocks(const DotShape& shape, size_t taps, const float* x, const float* w, float* acc) {
  const size_t rest = shape.k_count / taps % kHalfBlock, full = shape.k_count - rest * taps;
  if (full != 0) dot_kernels().half({shape.rows, full, shape.w_stride}, kHalfBlock, x, w, acc);
  if (rest != 0)
    dot_kernels().half({shape.rows, rest * taps, shape.w_stride}, rest, x + full * kDotColumns, w + full, acc);
}

}  // namespace tpuc::bm1684x
