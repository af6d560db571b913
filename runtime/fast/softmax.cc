// Softmax: lines of neighbouring elements one by one; other axes for many lines side by side.
#include "ops/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"
#include "runtime/fast/vector_math.h"

namespace tpuc::fast {
namespace {

[[gnu::target_clones("avx512f", "avx2", "default")]] float max_of(const float* x, int64_t n) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < n; ++i) top = x[i] > top ? x[i] : top;
  return top;
}
[[gnu::target_clones("avx512f", "avx2", "default")]] double exp_row(const float* x, float* y, int64_t n, float top) {
  constexpr int64_t kBlock = 512;  // numbers that are added up in f32
  double sum = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(n, begin + kBlock);
    float part = 0;
#pragma omp simd reduction(+ : part)
    for (int64_t i = begin; i < end; ++i) {
      y[i] = fast_exp(x[i] - top);
      part += y[i];
    }
    sum += static_cast<double>(part);
  }
  return sum;
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void scale_row(float* y, int64_t n, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] *= factor;
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void subtract_row(const float* x, float* y, int64_t n, float top,
                                                                       float log_sum) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - top) - log_sum;
}

void softmax_line(const float* x, float* y, int64_t n, bool logarithm) {
  const float top = max_of(x, n);
  const double sum = exp_row(x, y, n, top);
  if (logarithm) {
    subtract_row(x, y, n, top, static_cast<float>(std::log(sum)));
  } else {
    scale_row(y, n, static_cast<float>(1 / sum));
  }
}

// `width` <= kWidth lines side by side, their elements `inner` apart.
constexpr int64_t kWidth = 64;
[[gnu::target_clones("avx512f", "avx2", "default")]] void softmax_columns(const float* x, float* y, int64_t length,
                                                                          int64_t inner, int64_t width,
                                                                          bool logarithm) {
  float top[kWidth], sum[kWidth] = {};
  for (int64_t j = 0; j < width; ++j) top[j] = x[j];
  for (int64_t i = 1; i < length; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) top[j] = x[i * inner + j] > top[j] ? x[i * inner + j] : top[j];
  }
  for (int64_t i = 0; i < length; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) {
      y[i * inner + j] = fast_exp(x[i * inner + j] - top[j]);
      sum[j] += y[i * inner + j];
    }
  }
  for (int64_t j = 0; j < width; ++j) sum[j] = logarithm ? std::log(sum[j]) : 1 / sum[j];
  for (int64_t i = 0; i < length; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j)
      y[i * inner + j] = logarithm ? x[i * inner + j] - top[j] - sum[j] : y[i * inner + j] * sum[j];
  }
}

Kernel prepare(const Site& site, int64_t axis, bool logarithm) {
  const Dims& d = site.dims(0);
  const int64_t length = d[static_cast<size_t>(axis)];
  const int64_t inner = element_count(Dims(d.begin() + axis + 1, d.end()));
  if (element_count(d) == 0) return {};
  const int64_t outer = element_count(d) / length / inner, strips = (inner + kWidth - 1) / kWidth;
  return [=](EvalArgs in, std::span<Tensor> out) {
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    if (inner == 1)
      return for_rows(outer, length,
                      [&](int64_t i) { softmax_line(x + i * length, y + i * length, length, logarithm); });
    for_rows(outer * strips, length * std::min(inner, kWidth), [&](int64_t i) {
      const int64_t at = i / strips * length * inner + i % strips * kWidth;
      softmax_columns(x + at, y + at, length, inner, std::min(kWidth, inner - i % strips * kWidth), logarithm);
    });
  };
}

Kernel prepare_softmax(const Site& site) { return prepare(site, site.attrs_of<ops::Softmax>().axis, false); }
Kernel prepare_log_softmax(const Site& site) { return prepare(site, site.attrs_of<ops::LogSoftmax>().axis, true); }

}  // namespace

std::span<const Row> softmax_rows() {
  static constexpr Row kRows[] = {{"softmax", prepare_softmax}, {"log_softmax", prepare_log_softmax}};
  return kRows;
}

}  // namespace tpuc::fast
