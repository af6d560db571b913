// Elementwise operators of two f32 tensors: broadcasting is reduced to rows in which each operand either advances or
// stands still.
#include "ops/eltwise.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/fast/broadcast.h"
#include "runtime/fast/fast.h"

namespace tpuc::fast {
namespace {

enum class Kind : uint8_t { Add, Sub, Mul, Div, Min, Max, PRelu };

template <class F>
[[gnu::always_inline]] inline void row(const float* a, int64_t step_a, const float* b, int64_t step_b, float* y,
                                       int64_t n, const F& f) {
  if (step_a == 1 && step_b == 1) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
  } else if (step_a == 1) {
    const float other = *b;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = f(a[i], other);
  } else if (step_b == 1) {
    const float other = *a;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = f(other, b[i]);
  } else {
    std::fill_n(y, n, f(*a, *b));
  }
}

// One function for all kinds: what is inlined here is compiled for each instruction set.
[[gnu::target_clones("avx512f", "avx2", "default")]] void binary_row(Kind kind, const float* a, int64_t step_a,
                                                                     const float* b, int64_t step_b, float* y,
                                                                     int64_t n) {
  switch (kind) {
    case Kind::Add:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p + q; });
    case Kind::Sub:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p - q; });
    case Kind::Mul:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p * q; });
    case Kind::Div:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p / q; });
    case Kind::Min:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p < q || p != p ? p : q; });
    case Kind::Max:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p > q || p != p ? p : q; });
    case Kind::PRelu:
      return row(a, step_a, b, step_b, y, n, [](float p, float q) { return p >= 0 ? p : q * p; });
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void clamp_row(float* y, int64_t n, float high) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    const float v = y[i] > 0 ? y[i] : 0;
    y[i] = v > high ? high : v;
  }
}

Kernel binary(const Site& site, Kind kind, ops::Activation activation) {
  const bool clamps = activation != ops::Activation::None;
  const float high = activation == ops::Activation::Relu6 ? 6.0f : std::numeric_limits<float>::infinity();
  const Dims in_dims[] = {site.dims(0), site.dims(1)};
  return [=, rows = BroadcastRows(in_dims, site.out[0].dims)](EvalArgs in, std::span<Tensor> out) {
    const float *a = in[0].as<float>().data(), *b = in[1].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    const int64_t step_a = rows.step(0), step_b = rows.step(1);
    rows.for_pieces([&](int64_t index, int64_t begin, int64_t end) {
      float* to = y + index * rows.row_size() + begin;
      binary_row(kind, a + rows.start(0, index) + begin * step_a, step_a, b + rows.start(1, index) + begin * step_b,
                 step_b, to, end - begin);
      if (clamps) clamp_row(to, end - begin, high);
    });
  };
}

// The larger or the smaller one of bytes. b is as signed as a.
template <class T>
[[gnu::always_inline]] inline void extreme(bool is_max, const T* a, int64_t step_a, const T* b, int64_t step_b, T* y,
                                           int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T p = a[i * step_a], q = b[i * step_b];
    y[i] = (p > q) == is_max ? p : q;
  }
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void extreme_row(bool is_max, bool is_signed, const uint8_t* a,
                                                                      int64_t step_a, const uint8_t* b, int64_t step_b,
                                                                      uint8_t* y, int64_t n) {
  if (!is_signed) return extreme(is_max, a, step_a, b, step_b, y, n);
  extreme(is_max, reinterpret_cast<const int8_t*>(a), step_a, reinterpret_cast<const int8_t*>(b), step_b,
          reinterpret_cast<int8_t*>(y), n);
}

template <bool kIsMax>
Kernel prepare_byte_extreme(const Site& site) {
  const bool has_sign = site.in[0].dtype == DType::I8;
  const Dims in_dims[] = {site.dims(0), site.dims(1)};
  return [=, rows = BroadcastRows(in_dims, site.out[0].dims)](EvalArgs in, std::span<Tensor> out) {
    const uint8_t *a = in[0].as<uint8_t>().data(), *b = in[1].as<uint8_t>().data();
    uint8_t* y = out[0].as_mutable<uint8_t>().data();
    rows.for_pieces([&](int64_t index, int64_t begin, int64_t end) {
      extreme_row(kIsMax, has_sign, a + rows.start(0, index) + begin * rows.step(0), rows.step(0),
                  b + rows.start(1, index) + begin * rows.step(1), rows.step(1), y + index * rows.row_size() + begin,
                  end - begin);
    });
  };
}

template <Kind kKind>
Kernel prepare(const Site& site) {
  return binary(site, kKind, ops::Activation::None);
}
Kernel prepare_add(const Site& site) { return binary(site, Kind::Add, site.attrs_of<ops::Add>().activation); }

}  // namespace

std::span<const Row> eltwise_rows() {
  static constexpr Row kRows[] = {{"add", prepare_add, false, nullptr, any_layout},
                                  {"sub", prepare<Kind::Sub>, false, nullptr, any_layout},
                                  {"mul", prepare<Kind::Mul>, false, nullptr, any_layout},
                                  {"div", prepare<Kind::Div>, false, nullptr, any_layout},
                                  {"min", prepare<Kind::Min>, false, prepare_byte_extreme<false>, any_layout},
                                  {"max", prepare<Kind::Max>, false, prepare_byte_extreme<true>, any_layout},
                                  {"prelu", prepare<Kind::PRelu>}};
  return kRows;
}

}  // namespace tpuc::fast
