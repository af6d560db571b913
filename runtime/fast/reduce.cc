// Reductions over neighbouring axes: x is [outer, length, inner], the middle goes. Sums run in double, as in `eval`.
#include "ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"

namespace tpuc::fast {
namespace {

using ops::ReduceKind;

// What one element adds; max and min do not come here.
template <ReduceKind kKind>
[[gnu::always_inline]] inline double term(float x) {
  const auto v = static_cast<double>(x);
  if constexpr (kKind == ReduceKind::L1) return v < 0 ? -v : v;
  if constexpr (kKind == ReduceKind::SumSquare) return v * v;
  return v;
}

template <ReduceKind kKind>
[[gnu::always_inline]] inline double sum_terms(const float* x, int64_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += term<kKind>(x[i]);
  return sum;
}

[[gnu::target_clones("avx512f", "avx2", "default")]] double reduce_line(ReduceKind kind, const float* x, int64_t n) {
  switch (kind) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
      return sum_terms<ReduceKind::Sum>(x, n);
    case ReduceKind::L1:
      return sum_terms<ReduceKind::L1>(x, n);
    case ReduceKind::L2:
    case ReduceKind::SumSquare:
      return sum_terms<ReduceKind::SumSquare>(x, n);
    case ReduceKind::Max:
    case ReduceKind::Min:
    case ReduceKind::Prod:
      break;
  }
  float best = x[0];
  double product = 1;
  for (int64_t i = 0; i < n; ++i) {
    const float v = x[i];
    const bool wins = kind == ReduceKind::Max ? v > best : v < best;
    best = wins || v != v ? v : best;
    product *= static_cast<double>(v);
  }
  return kind == ReduceKind::Prod ? product : static_cast<double>(best);
}

// One row of `inner` elements joins the running results.
[[gnu::target_clones("avx512f", "avx2", "default")]] void reduce_step(ReduceKind kind, const float* x, double* sum,
                                                                      int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const auto v = static_cast<double>(x[i]);
    const double magnitude = v < 0 ? -v : v;
    const double best =
        kind == ReduceKind::Max ? (v > sum[i] || v != v ? v : sum[i]) : (v < sum[i] || v != v ? v : sum[i]);
    const double added = sum[i] + (kind == ReduceKind::L1                                    ? magnitude
                                   : kind == ReduceKind::L2 || kind == ReduceKind::SumSquare ? v * v
                                                                                             : v);
    const bool picks = kind == ReduceKind::Max || kind == ReduceKind::Min;
    sum[i] = picks ? best : kind == ReduceKind::Prod ? sum[i] * v : added;
  }
}

float finish(ReduceKind kind, double sum, int64_t length) {
  if (kind == ReduceKind::Mean) sum /= static_cast<double>(length);
  if (kind == ReduceKind::L2) sum = std::sqrt(sum);
  return static_cast<float>(sum);
}

constexpr int64_t kStrip = 512;  // results at a time: their sums stay in the first cache

void reduce_strip(ReduceKind kind, const float* x, float* y, int64_t length, int64_t inner, int64_t width) {
  double sum[kStrip];
  const bool picks = kind == ReduceKind::Max || kind == ReduceKind::Min;
  for (int64_t j = 0; j < width; ++j) sum[j] = picks ? static_cast<double>(x[j]) : kind == ReduceKind::Prod ? 1 : 0;
  for (int64_t i = 0; i < length; ++i) reduce_step(kind, x + i * inner, sum, width);
  for (int64_t j = 0; j < width; ++j) y[j] = finish(kind, sum[j], length);
}

Kernel prepare_reduce(const Site& site) {
  const auto& a = site.attrs_of<ops::Reduce>();
  const Dims& d = site.dims(0);
  const int64_t first = a.axes.front(), last = a.axes.back();
  if (element_count(d) == 0 || last - first + 1 != static_cast<int64_t>(a.axes.size())) return {};
  const int64_t outer = element_count(Dims(d.begin(), d.begin() + first));
  const int64_t inner = element_count(Dims(d.begin() + last + 1, d.end()));
  const int64_t length = element_count(d) / outer / inner, strips = (inner + kStrip - 1) / kStrip;
  return [=, kind = a.kind](EvalArgs in, std::span<Tensor> out) {
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    if (inner == 1)
      return for_rows(outer, length,
                      [&](int64_t i) { y[i] = finish(kind, reduce_line(kind, x + i * length, length), length); });
    for_rows(outer * strips, length * std::min(inner, kStrip), [&](int64_t i) {
      const int64_t at = i % strips * kStrip, width = std::min(kStrip, inner - at);
      reduce_strip(kind, x + i / strips * length * inner + at, y + i / strips * inner + at, length, inner, width);
    });
  };
}

// Index of the largest element (sign 1) or smallest (sign -1) of `width` <= kStrip lines side by side.
[[gnu::target_clones("avx512f", "avx2", "default")]] void arg_strip(const float* x, int64_t* y, int64_t length,
                                                                    int64_t inner, int64_t width, float sign,
                                                                    bool select_last) {
  float best[kStrip];
  int32_t index[kStrip] = {};
  for (int64_t j = 0; j < width; ++j) best[j] = x[j] * sign;
  for (int32_t i = 1; i < length; ++i) {
    const float* row = x + i * inner;
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) {
      const float v = row[j] * sign;
      const bool wins = v > best[j] || (select_last && v == best[j]);
      best[j] = wins ? v : best[j];
      index[j] = wins ? i : index[j];
    }
  }
  for (int64_t j = 0; j < width; ++j) y[j] = index[j];
}

Kernel prepare_arg(const Site& site, const ops::ArgAttrs& a, float sign) {
  const Dims& d = site.dims(0);
  const int64_t length = d[static_cast<size_t>(a.axis)];
  if (site.in[0].dtype != DType::F32 || a.index != DType::I64 || element_count(d) == 0 || length > INT32_MAX) return {};
  const int64_t inner = element_count(Dims(d.begin() + a.axis + 1, d.end()));
  const int64_t outer = element_count(d) / length / inner, strips = (inner + kStrip - 1) / kStrip;
  return [=, select_last = a.select_last](EvalArgs in, std::span<Tensor> out) {
    const float* x = in[0].as<float>().data();
    int64_t* y = out[0].as_mutable<int64_t>().data();
    for_rows(outer * strips, length * std::min(inner, kStrip), [&](int64_t i) {
      const int64_t at = i % strips * kStrip, width = std::min(kStrip, inner - at);
      arg_strip(x + i / strips * length * inner + at, y + i / strips * inner + at, length, inner, width, sign,
                select_last);
    });
  };
}
Kernel prepare_arg_max(const Site& site) { return prepare_arg(site, site.attrs_of<ops::ArgMax>(), 1); }
Kernel prepare_arg_min(const Site& site) { return prepare_arg(site, site.attrs_of<ops::ArgMin>(), -1); }

}  // namespace

std::span<const Row> reduce_rows() {
  static constexpr Row kRows[] = {
      {"reduce", prepare_reduce}, {"arg_max", prepare_arg_max, true}, {"arg_min", prepare_arg_min, true}};
  return kRows;
}

}  // namespace tpuc::fast
