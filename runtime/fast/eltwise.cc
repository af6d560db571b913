// Elementwise operators of two f32 tensors: broadcasting is reduced to rows in which each operand either advances or
// stands still.
#include "ops/eltwise.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"

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

// The result's axes with the strides of both operands in elements (0 where repeated), neighbours merged where both
// walk on evenly. The last axis is the row.
struct Axis {
  int64_t size, a, b;
};
std::vector<Axis> merged_axes(const Dims& a, const Dims& b, const Dims& y) {
  auto strides_in = [&](const Dims& d) {
    const Dims own = row_major_strides(d);
    Dims s(y.size(), 0);
    for (size_t i = 0; i < d.size(); ++i)
      if (d[i] != 1) s[y.size() - d.size() + i] = own[i];
    return s;
  };
  const Dims sa = strides_in(a), sb = strides_in(b);
  std::vector<Axis> axes;
  for (size_t i = 0; i < y.size(); ++i) {
    if (y[i] == 1) continue;
    const Axis next{y[i], sa[i], sb[i]};
    const bool joins = !axes.empty() && axes.back().a == next.a * next.size && axes.back().b == next.b * next.size;
    if (joins) {
      axes.back() = {axes.back().size * next.size, next.a, next.b};
    } else {
      axes.push_back(next);
    }
  }
  if (axes.empty()) axes.push_back({1, 0, 0});
  return axes;
}

struct Offsets {
  int64_t a = 0, b = 0;
};
Offsets row_start(const std::vector<Axis>& axes, int64_t index) {
  Offsets at;
  for (size_t i = axes.size() - 1; i-- > 0;) {
    at.a += index % axes[i].size * axes[i].a;
    at.b += index % axes[i].size * axes[i].b;
    index /= axes[i].size;
  }
  return at;
}

Kernel binary(const Site& site, Kind kind, ops::Activation activation) {
  const bool clamps = activation != ops::Activation::None;
  const float high = activation == ops::Activation::Relu6 ? 6.0f : std::numeric_limits<float>::infinity();
  return [=, axes = merged_axes(site.dims(0), site.dims(1), site.out[0].dims)](EvalArgs in, std::span<Tensor> out) {
    const float *a = in[0].as<float>().data(), *b = in[1].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    const Axis last = axes.back();
    auto piece = [&](int64_t row_index, int64_t begin, int64_t end) {
      const Offsets at = row_start(axes, row_index);
      float* to = y + row_index * last.size + begin;
      binary_row(kind, a + at.a + begin * last.a, last.a, b + at.b + begin * last.b, last.b, to, end - begin);
      if (clamps) clamp_row(to, end - begin, high);
    };
    const int64_t rows = last.size == 0 ? 0 : out[0].count() / last.size;
    if (rows == 1) return for_chunks(last.size, [&](int64_t begin, int64_t end) { piece(0, begin, end); });
    for_rows(rows, last.size, [&](int64_t i) { piece(i, 0, last.size); });
  };
}

template <Kind kKind>
Kernel prepare(const Site& site) {
  return binary(site, kKind, ops::Activation::None);
}
Kernel prepare_add(const Site& site) { return binary(site, Kind::Add, site.attrs_of<ops::Add>().activation); }

}  // namespace

std::span<const Row> eltwise_rows() {
  static constexpr Row kRows[] = {{"add", prepare_add},           {"sub", prepare<Kind::Sub>},
                                  {"mul", prepare<Kind::Mul>},    {"div", prepare<Kind::Div>},
                                  {"min", prepare<Kind::Min>},    {"max", prepare<Kind::Max>},
                                  {"prelu", prepare<Kind::PRelu>}};
  return kRows;
}

}  // namespace tpuc::fast
