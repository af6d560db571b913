// Resampling axis by axis with the tap tables that `eval` uses; the weighted sums run along rows where they can.
#include "ops/resize.h"

#include <algorithm>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"

namespace tpuc::fast {
namespace {

[[gnu::target_clones("avx512f", "avx2", "default")]] void add_weighted(const float* x, float* y, int64_t n, float w) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] += x[i] * w;
}

// One row whose elements are those of the resampled axis.
void resample_row(const ops::ResizeAxis& r, const float* x, float* y) {
  const auto taps = static_cast<size_t>(r.taps), count = r.index.size() / taps;
  if (taps == 1) {
    for (size_t i = 0; i < count; ++i) y[i] = x[r.index[i]];
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (size_t k = i * taps; k < (i + 1) * taps; ++k) sum += x[r.index[k]] * r.weight[k];
    y[i] = sum;
  }
}

struct Pass {
  ops::ResizeAxis taps;
  int64_t outer, in_size, out_size, inner;
};

void run_pass(const Pass& p, const float* x, float* y) {
  if (p.inner == 1)
    return for_rows(p.outer, p.out_size * p.taps.taps,
                    [&](int64_t o) { resample_row(p.taps, x + o * p.in_size, y + o * p.out_size); });
  for_rows(p.outer * p.out_size, p.inner * p.taps.taps, [&](int64_t row) {
    const int64_t o = row / p.out_size, i = row % p.out_size;
    const float* from = x + o * p.in_size * p.inner;
    float* to = y + row * p.inner;
    const auto first = static_cast<size_t>(i * p.taps.taps);
    if (p.taps.taps == 1) {
      std::copy_n(from + p.taps.index[first] * p.inner, p.inner, to);
      return;
    }
    std::fill_n(to, p.inner, 0.0f);
    for (size_t k = first; k < first + static_cast<size_t>(p.taps.taps); ++k)
      add_weighted(from + p.taps.index[k] * p.inner, to, p.inner, p.taps.weight[k]);
  });
}

std::vector<Pass> passes_of(const Site& site) {
  const auto& a = site.attrs_of<ops::Resize>();
  Dims dims = site.dims(0);
  std::vector<Pass> passes;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (a.sizes[axis] == dims[axis] && a.scales[axis] == 1.0f) continue;
    const auto at = static_cast<int64_t>(axis);
    Pass p{ops::resize_axis(a, axis, dims[axis]), element_count(Dims(dims.begin(), dims.begin() + at)), dims[axis],
           a.sizes[axis], element_count(Dims(dims.begin() + at + 1, dims.end()))};
    passes.push_back(std::move(p));
    dims[axis] = a.sizes[axis];
  }
  return passes;
}

Kernel prepare_resize(const Site& site) {
  if (element_count(site.dims(0)) == 0) return {};
  return [passes = passes_of(site)](EvalArgs in, std::span<Tensor> out) {
    std::vector<float> from, to;
    const float* x = in[0].as<float>().data();
    for (size_t i = 0; i + 1 < passes.size(); ++i) {
      to.resize(static_cast<size_t>(passes[i].outer * passes[i].out_size * passes[i].inner));
      run_pass(passes[i], x, to.data());
      std::swap(from, to);
      x = from.data();
    }
    float* y = out[0].as_mutable<float>().data();
    if (passes.empty()) {
      std::copy_n(x, in[0].count(), y);
    } else {
      run_pass(passes.back(), x, y);
    }
  };
}

// The nearest bytes are copied.
void copy_pass(const Pass& p, const uint8_t* x, uint8_t* y) {
  for_rows(p.outer, p.out_size * p.inner, [&](int64_t o) {
    uint8_t* to = y + o * p.out_size * p.inner;
    for (const int64_t index : p.taps.index) {
      const uint8_t* from = x + (o * p.in_size + index) * p.inner;
      p.inner == 1 ? static_cast<void>(*to = *from) : static_cast<void>(std::copy_n(from, p.inner, to));
      to += p.inner;
    }
  });
}

Kernel prepare_byte_resize(const Site& site) {
  if (site.attrs_of<ops::Resize>().mode != ops::ResizeMode::Nearest || element_count(site.dims(0)) == 0) return {};
  return [passes = passes_of(site)](EvalArgs in, std::span<Tensor> out) {
    const auto x = in[0].as<uint8_t>();
    std::vector<uint8_t> from(x.begin(), x.end()), to;
    for (const Pass& p : passes) {
      to.resize(static_cast<size_t>(p.outer * p.out_size * p.inner));
      copy_pass(p, from.data(), to.data());
      std::swap(from, to);
    }
    std::copy(from.begin(), from.end(), out[0].as_mutable<uint8_t>().begin());
  };
}

}  // namespace

std::span<const Row> resize_rows() {
  static constexpr Row kRows[] = {{"resize", prepare_resize, false, prepare_byte_resize}};
  return kRows;
}

}  // namespace tpuc::fast
