// See the header. Narrowing f32 has loops of its own, the same bits as by way of f64.
#include "passes/narrow_floats.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tpuc/support/thread_pool.h"

namespace tpuc {
namespace {

constexpr int64_t kPieceElements = int64_t{1} << 20;

double largest_finite(DType t) {
  if (t == DType::F16) return 65504.0;
  return t == DType::BF16 ? 0x1.FEp127 : static_cast<double>(std::numeric_limits<float>::max());
}

// `limit` is the element type whose range finite numbers keep to.
void by_f64(const Tensor& from, Tensor& to, DType limit) {
  std::vector<double> values = from.to_f64();
  const double largest = largest_finite(limit);
  for (double& x : values)
    if (x - x == 0.0) x = std::clamp(x, -largest, largest);
  to.assign_f64(values);
}

// The upper half, rounded; a NaN stays one.
[[gnu::target_clones("avx512f", "avx2", "default"), gnu::optimize("O3")]] void to_bf16(const float* from, uint16_t* to,
                                                                                       int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(from[i]), magnitude = bits & 0x7fffffffu;
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    const uint32_t finite = (rounded & 0x7fffu) == 0x7f80u ? rounded - 1 : rounded;  // the largest one instead
    const uint32_t special = bits >> 16 | (magnitude > 0x7f800000u ? 0x40u : 0u);
    to[i] = static_cast<uint16_t>(magnitude >= 0x7f800000u ? special : finite);
  }
}

[[gnu::target("avx,f16c")]] int64_t to_f16_by_8(const float* from, uint16_t* to, int64_t count) {
  const __m256 high = _mm256_set1_ps(65504.0f), low = _mm256_set1_ps(-65504.0f), infinity = _mm256_set1_ps(INFINITY);
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256 x = _mm256_loadu_ps(from + i);
    const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    const __m256 is_finite = _mm256_cmp_ps(magnitude, infinity, _CMP_LT_OQ);
    const __m256 bounded = _mm256_max_ps(_mm256_min_ps(x, high), low);
    const __m256 y = _mm256_blendv_ps(x, bounded, is_finite);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm256_cvtps_ph(y, _MM_FROUND_TO_NEAREST_INT));
  }
  return i;
}

void piece_to_f16(const float* from, uint16_t* to, int64_t count) {
  const int64_t done = __builtin_cpu_supports("f16c") != 0 ? to_f16_by_8(from, to, count) : 0;
  if (done == count) return;
  const auto rest = std::as_bytes(std::span(from + done, static_cast<size_t>(count - done)));
  Tensor half(DType::F16, {count - done});
  by_f64(Tensor::borrow({DType::F32, {count - done}, {}}, rest), half, DType::F16);
  std::copy_n(half.as<uint16_t>().data(), count - done, to + done);
}

}  // namespace

Tensor narrow_floats(const Tensor& t, DType to) {
  Tensor out(to, t.dims());
  const bool is_half = to == DType::F16 || to == DType::BF16;
  if (t.dtype() != DType::F32 || !is_half) {
    by_f64(t, out, to);
    return out;
  }
  const float* from = t.as<float>().data();
  uint16_t* halves = out.as_mutable<uint16_t>().data();
  const int64_t count = t.count(), pieces = (count + kPieceElements - 1) / kPieceElements;
  ThreadPool pool(pieces > 1 ? 0 : 1);
  pool.parallel_for(static_cast<size_t>(pieces), [&](size_t i) {
    const int64_t begin = static_cast<int64_t>(i) * kPieceElements, size = std::min(kPieceElements, count - begin);
    (to == DType::F16 ? piece_to_f16 : to_bf16)(from + begin, halves + begin, size);
  });
  return out;
}

Tensor finite_in(const Tensor& t, DType type) {
  Tensor out(t.dtype(), t.dims());
  by_f64(t, out, type);
  return out;
}

}  // namespace tpuc
