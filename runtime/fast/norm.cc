// Per-channel affine operators and normalizations over rows. Sums run in double, as in `eval`.
#include "ops/norm.h"

#include <cmath>
#include <limits>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"

namespace tpuc::fast {
namespace {

[[gnu::target_clones("avx512f", "avx2", "default")]] void affine_row(const float* x, float* y, int64_t n, float s,
                                                                     float t, float low, float high) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float v = x[i] * s + t;
    const float raised = v < low ? low : v;
    y[i] = raised > high ? high : raised;
  }
}

// Element by element: y = x * s + t, for planes of one element.
[[gnu::target_clones("avx512f", "avx2", "default")]] void affine_vectors(const float* x, float* y, int64_t n,
                                                                         const float* s, const float* t, float low,
                                                                         float high) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float v = x[i] * s[i] + t[i];
    const float raised = v < low ? low : v;
    y[i] = raised > high ? high : raised;
  }
}

struct Range {
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
};
Range range_of(ops::Activation a) {
  Range r;
  if (a != ops::Activation::None) r.low = 0;
  if (a == ops::Activation::Relu6) r.high = 6;
  return r;
}

void affine_channels(const Tensor& x, Tensor& out, const float* s, const float* t, Range r) {
  const Dims& d = x.dims();
  const int64_t channels = d[1], plane = x.count() == 0 ? 0 : x.count() / d[0] / channels;
  const float* from = x.as<float>().data();
  float* to = out.as_mutable<float>().data();
  if (plane == 1)
    return for_rows(d[0], channels, [&](int64_t n) {
      affine_vectors(from + n * channels, to + n * channels, channels, s, t, r.low, r.high);
    });
  for_rows(x.count() == 0 ? 0 : d[0] * channels, plane, [&](int64_t i) {
    affine_row(from + i * plane, to + i * plane, plane, s[i % channels], t[i % channels], r.low, r.high);
  });
}

Kernel prepare_scale(const Site& site) {
  return [r = range_of(site.attrs_of<ops::Scale>().activation)](EvalArgs in, std::span<Tensor> out) {
    const std::vector<float> zeros(in.has(2) ? 0 : in[1].as<float>().size());
    affine_channels(in[0], out[0], in[1].as<float>().data(), in.has(2) ? in[2].as<float>().data() : zeros.data(), r);
  };
}

Kernel prepare_batch_norm(const Site& site) {
  return [epsilon = site.attrs_of<ops::BatchNorm>().epsilon](EvalArgs in, std::span<Tensor> out) {
    const auto gamma = in[1].as<float>(), beta = in[2].as<float>(), mean = in[3].as<float>(), var = in[4].as<float>();
    std::vector<float> s(gamma.size()), t(gamma.size());
    for (size_t c = 0; c < s.size(); ++c) {
      s[c] = gamma[c] / std::sqrt(var[c] + epsilon);
      t[c] = beta[c] - mean[c] * s[c];
    }
    affine_channels(in[0], out[0], s.data(), t.data(), {});
  };
}

[[gnu::target_clones("avx512f", "avx2", "default")]] double sum_of(const float* x, int64_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  return sum;
}
[[gnu::target_clones("avx512f", "avx2", "default")]] double squares_of(const float* x, int64_t n, double centre) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(x[i]) - centre;
    sum += v * v;
  }
  return sum;
}

struct Moments {
  float mean, factor;  // y = (x - mean) * factor
};
Moments moments_of(const float* x, int64_t n, float epsilon, bool centred) {
  const double mean = centred ? sum_of(x, n) / static_cast<double>(n) : 0;
  const double square = squares_of(x, n, mean) / static_cast<double>(n);
  return {static_cast<float>(mean), static_cast<float>(1 / std::sqrt(square + static_cast<double>(epsilon)))};
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void normalize_row(const float* x, float* y, int64_t n, Moments m,
                                                                        const float* gamma, const float* beta) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m.mean) * m.factor * gamma[i] + beta[i];
}

// gamma or beta as one entry per element of a row.
std::vector<float> row_vector(const EvalArgs& in, size_t i, int64_t length, float fallback) {
  if (!in.has(i)) return std::vector<float>(static_cast<size_t>(length), fallback);
  const auto v = in[i].as<float>();
  if (v.size() == 1) return std::vector<float>(static_cast<size_t>(length), v[0]);
  return {v.begin(), v.end()};
}

Kernel trailing(const Site& site, const ops::LayerNorm::Attrs& a, bool centred) {
  const Dims& d = site.dims(0);
  const int64_t length = element_count(Dims(d.begin() + a.axis, d.end()));
  if (element_count(d) == 0) return {};
  return [length, epsilon = a.epsilon, centred](EvalArgs in, std::span<Tensor> out) {
    const std::vector<float> gamma = row_vector(in, 1, length, 1), beta = row_vector(in, 2, length, 0);
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    for_rows(in[0].count() / length, length, [&](int64_t i) {
      const Moments m = moments_of(x + i * length, length, epsilon, centred);
      normalize_row(x + i * length, y + i * length, length, m, gamma.data(), beta.data());
    });
  };
}
Kernel prepare_layer_norm(const Site& site) { return trailing(site, site.attrs_of<ops::LayerNorm>(), true); }
Kernel prepare_rms_norm(const Site& site) { return trailing(site, site.attrs_of<ops::RmsNorm>(), false); }

Kernel groups(const Site& site, int64_t group_count, float epsilon) {
  if (element_count(site.in[0]) == 0) return {};
  return [group_count, epsilon](EvalArgs in, std::span<Tensor> out) {
    const int64_t channels = in[0].dims()[1], per_group = channels / group_count;
    const int64_t plane = in[0].count() / in[0].dims()[0] / channels;
    const std::vector<float> gamma = row_vector(in, 1, channels, 1), beta = row_vector(in, 2, channels, 0);
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    for_rows(in[0].dims()[0] * group_count, per_group * plane, [&](int64_t g) {
      const int64_t start = g * per_group * plane;
      const Moments m = moments_of(x + start, per_group * plane, epsilon, true);
      for (int64_t c = 0; c < per_group; ++c) {
        const auto channel = static_cast<size_t>(g % group_count * per_group + c);
        const float s = m.factor * gamma[channel], t = beta[channel] - m.mean * s;
        affine_row(x + start + c * plane, y + start + c * plane, plane, s, t, Range{}.low, Range{}.high);
      }
    });
  };
}
Kernel prepare_group_norm(const Site& site) {
  const auto& a = site.attrs_of<ops::GroupNorm>();
  return groups(site, a.groups, a.epsilon);
}
Kernel prepare_instance_norm(const Site& site) {
  return groups(site, site.dims(0)[1], site.attrs_of<ops::InstanceNorm>().epsilon);
}

}  // namespace

std::span<const Row> norm_rows() {
  static constexpr Row kRows[] = {{"scale", prepare_scale},           {"batch_norm", prepare_batch_norm},
                                  {"layer_norm", prepare_layer_norm}, {"rms_norm", prepare_rms_norm},
                                  {"group_norm", prepare_group_norm}, {"instance_norm", prepare_instance_norm}};
  return kRows;
}

}  // namespace tpuc::fast
