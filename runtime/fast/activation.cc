// Activations over whole tensors in vector code. Those missing here run by `eval`.
#include "ops/activation.h"

#include <array>
#include <cmath>
#include <functional>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"
#include "runtime/fast/vector_math.h"

namespace tpuc::fast {
namespace {

using ops::HardSigmoid;

// y[i] = f(x[i]; p, q)
using Loop = void (*)(const float* x, float* y, int64_t n, float p, float q);

[[gnu::target_clones("avx512f", "avx2", "default")]] void relu(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void clip(const float* x, float* y, int64_t n, float p, float q) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] > q ? q : x[i] < p ? p : x[i];
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void leaky(const float* x, float* y, int64_t n, float p, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] >= 0 ? x[i] : p * x[i];
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void sigmoid(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = fast_sigmoid(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void tanh_loop(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = fast_tanh(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void silu(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * fast_sigmoid(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void hard_sigmoid(const float* x, float* y, int64_t n, float p,
                                                                       float q) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = clamp_to(p * x[i] + q, 0.0f, 1.0f);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void hard_swish(const float* x, float* y, int64_t n, float,
                                                                     float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * clamp_to(x[i] * (1.0f / 6) + 0.5f, 0.0f, 1.0f);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void exp_loop(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = fast_exp(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void elu(const float* x, float* y, int64_t n, float p, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] >= 0 ? x[i] : p * fast_expm1(x[i]);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void gelu_tanh(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i)
    y[i] = 0.5f * x[i] * (1 + fast_tanh(0.79788456f * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void gelu_erf(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = 0.5f * x[i] * (1 + fast_erf(x[i] * 0.70710678f));
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void erf_loop(const float* x, float* y, int64_t n, float, float) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = fast_erf(x[i]);
}

// Calls of the mathematical library: not vectors, but all threads.
void log_loop(const float* x, float* y, int64_t n, float, float) {
  for (int64_t i = 0; i < n; ++i) y[i] = std::log(x[i]);
}
void sqrt_loop(const float* x, float* y, int64_t n, float, float) {
  for (int64_t i = 0; i < n; ++i) y[i] = std::sqrt(x[i]);
}
void softplus(const float* x, float* y, int64_t n, float, float) {
  for (int64_t i = 0; i < n; ++i) y[i] = std::max(x[i], 0.0f) + std::log1p(std::exp(-std::abs(x[i])));
}

Kernel kernel_of(Loop loop, float p = 0, float q = 0) {
  return [=](EvalArgs in, std::span<Tensor> out) {
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    for_chunks(out[0].count(), [&](int64_t begin, int64_t end) { loop(x + begin, y + begin, end - begin, p, q); });
  };
}

template <Loop kLoop>
Kernel plain(const Site&) {
  return kernel_of(kLoop);
}
Kernel prepare_clip(const Site& s) {
  const auto& a = s.attrs_of<ops::Clip>();
  return kernel_of(clip, a.min, a.max);
}
// Clamping of bytes by a table of all of them: what the reference gives for each.
Kernel byte_table(const Site& site, const std::function<double(double)>& f) {
  const bool has_sign = site.in[0].dtype == DType::I8;
  std::array<uint8_t, 256> table{};
  for (int k = 0; k < 256; ++k) {
    const double x = has_sign && k > 127 ? k - 256 : k;
    table[static_cast<size_t>(k)] = static_cast<uint8_t>(static_cast<int64_t>(f(x)));
  }
  return [table](EvalArgs in, std::span<Tensor> out) {
    const uint8_t* x = in[0].as<uint8_t>().data();
    uint8_t* y = out[0].as_mutable<uint8_t>().data();
    for_chunks(out[0].count(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) y[i] = table[x[i]];
    });
  };
}
Kernel prepare_byte_relu(const Site& s) {
  return byte_table(s, [](double x) { return std::max(x, 0.0); });
}
// Bounds are truncated to whole numbers, and to the type where they lie outside of it.
Kernel prepare_byte_clip(const Site& s) {
  const double low = s.attrs_of<ops::Clip>().min, high = s.attrs_of<ops::Clip>().max;
  if (high < -128 || low > 255) return {};
  return byte_table(s, [&](double x) { return x > high ? high : x < low ? low : x; });
}
Kernel prepare_leaky(const Site& s) { return kernel_of(leaky, s.attrs_of<ops::LeakyRelu>().alpha); }
Kernel prepare_elu(const Site& s) { return kernel_of(elu, s.attrs_of<ops::Elu>().alpha); }
Kernel prepare_gelu(const Site& s) { return kernel_of(s.attrs_of<ops::Gelu>().approximate ? gelu_tanh : gelu_erf); }
Kernel prepare_hard_sigmoid(const Site& s) {
  const auto& a = s.attrs_of<HardSigmoid>();
  return kernel_of(hard_sigmoid, a.alpha, a.beta);
}

}  // namespace

std::span<const Row> activation_rows() {
  static constexpr Row kRows[] = {{"relu", plain<relu>, false, prepare_byte_relu, any_layout},
                                  {"clip", prepare_clip, false, prepare_byte_clip, any_layout},
                                  {"leaky_relu", prepare_leaky, false, nullptr, any_layout},
                                  {"sigmoid", plain<sigmoid>, false, nullptr, any_layout},
                                  {"tanh", plain<tanh_loop>, false, nullptr, any_layout},
                                  {"silu", plain<silu>, false, nullptr, any_layout},
                                  {"hard_sigmoid", prepare_hard_sigmoid, false, nullptr, any_layout},
                                  {"hard_swish", plain<hard_swish>, false, nullptr, any_layout},
                                  {"exp", plain<exp_loop>, false, nullptr, any_layout},
                                  {"log", plain<log_loop>, false, nullptr, any_layout},
                                  {"sqrt", plain<sqrt_loop>, false, nullptr, any_layout},
                                  {"erf", plain<erf_loop>, false, nullptr, any_layout},
                                  {"elu", prepare_elu, false, nullptr, any_layout},
                                  {"gelu", prepare_gelu, false, nullptr, any_layout},
                                  {"softplus", plain<softplus>, false, nullptr, any_layout}};
  return kRows;
}

}  // namespace tpuc::fast
