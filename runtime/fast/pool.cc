// Pooling, rows of a plane at a time, vectorised over the output row. Windows inside the input take the short way.
#include "ops/pool.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"

namespace tpuc::fast {
namespace {

struct Window {
  int64_t h, w, p, q;  // input and output plane
  std::vector<int64_t> kernel, strides, pads, dilations;
};

template <class Attrs>
Window window_of(const Site& site, const Attrs& a) {
  const Dims &x = site.dims(0), &y = site.out[0].dims;
  return {x[2], x[3], y[2], y[3], a.kernel, a.strides, a.pads, a.dilations};
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void max_row(const float* x, float* y, int64_t n, int64_t stride) {
  if (stride == 1) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      const float v = x[i * stride];
      y[i] = v > y[i] || v != v ? v : y[i];
    }
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void add_row(const float* x, float* y, int64_t n, int64_t stride) {
  if (stride == 1) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] += x[i];
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] += x[i * stride];
  }
}

template <class T>
[[gnu::always_inline]] inline void max_of_bytes(const T* x, T* y, int64_t n, int64_t stride) {
  if (stride == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = std::max(x[i], y[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = std::max(x[i * stride], y[i]);
  }
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void max_i8_row(const int8_t* x, int8_t* y, int64_t n,
                                                                     int64_t stride) {
  max_of_bytes(x, y, n, stride);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void max_u8_row(const uint8_t* x, uint8_t* y, int64_t n,
                                                                     int64_t stride) {
  max_of_bytes(x, y, n, stride);
}

// For each tap of the kernel, merges the elements of x it reads into the output row p.
template <class T, class Merge>
void merge_window_row(const Window& z, const T* plane, T* y, int64_t p, Merge&& merge) {
  for (int64_t r = 0; r < z.kernel[0]; ++r) {
    const int64_t h = p * z.strides[0] + r * z.dilations[0] - z.pads[0];
    if (h < 0 || h >= z.h) continue;
    for (int64_t s = 0; s < z.kernel[1]; ++s) {
      const int64_t first = s * z.dilations[1] - z.pads[1], stride = z.strides[1];
      const int64_t begin = first >= 0 ? 0 : (-first + stride - 1) / stride;
      const int64_t end = std::min(z.q, first >= z.w ? 0 : (z.w - 1 - first) / stride + 1);
      if (begin < end) merge(plane + h * z.w + first + begin * stride, y + begin, end - begin, stride);
    }
  }
}

template <class T>
Kernel max_pool(const Site& site, void (*merge)(const T*, T*, int64_t, int64_t), T lowest) {
  return [=, z = window_of(site, site.attrs_of<ops::MaxPool2d>())](EvalArgs in, std::span<Tensor> out) {
    const T* x = in[0].as<T>().data();
    T* y = out[0].as_mutable<T>().data();
    for_rows(out[0].dims()[0] * out[0].dims()[1], z.p * z.q * z.kernel[0] * z.kernel[1], [&](int64_t plane) {
      for (int64_t p = 0; p < z.p; ++p) {
        T* row = y + (plane * z.p + p) * z.q;
        std::fill_n(row, z.q, lowest);
        merge_window_row(z, x + plane * z.h * z.w, row, p, merge);
      }
    });
  };
}
Kernel prepare_max(const Site& site) { return max_pool<float>(site, max_row, -std::numeric_limits<float>::infinity()); }
Kernel prepare_byte_max(const Site& site) {
  if (site.in[0].dtype == DType::U8) return max_pool<uint8_t>(site, max_u8_row, 0);
  return max_pool<int8_t>(site, max_i8_row, -128);
}

// The divisor of every output position along one axis.
std::vector<float> counts(const ops::AvgPool2d::Attrs& a, size_t axis, int64_t in_size, int64_t out_size) {
  std::vector<float> c;
  for (int64_t i = 0; i < out_size; ++i) c.push_back(static_cast<float>(ops::avg_pool_count(a, axis, in_size, i)));
  return c;
}

// In ONNX Runtime's order: a network that rounds the mean to 8 bits may decide a tie by the last bit.
float sum_of(const float* x, int64_t n) {
  std::array<float, 4> sums{};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t k = 0; k < sums.size(); ++k) sums[k] += x[i + static_cast<int64_t>(k)];
  float sum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
  for (; i < n; ++i) sum += x[i];
  return sum;
}

// The kernel is the whole plane: one mean per channel.
Kernel prepare_global_average(const Window& z) {
  return [area = z.h * z.w](EvalArgs in, std::span<Tensor> out) {
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    for_rows(out[0].count(), area, [&](int64_t i) { y[i] = sum_of(x + i * area, area) / static_cast<float>(area); });
  };
}

Kernel prepare_average(const Site& site) {
  const auto& a = site.attrs_of<ops::AvgPool2d>();
  const Window z = window_of(site, a);
  const bool unpadded = std::all_of(a.pads.begin(), a.pads.end(), [](int64_t p) { return p == 0; });
  if (unpadded && z.kernel[0] == z.h && z.kernel[1] == z.w) return prepare_global_average(z);
  return [z, rows = counts(a, 0, z.h, z.p), cols = counts(a, 1, z.w, z.q)](EvalArgs in, std::span<Tensor> out) {
    const float* x = in[0].as<float>().data();
    float* y = out[0].as_mutable<float>().data();
    for_rows(out[0].dims()[0] * out[0].dims()[1], z.p * z.q * z.kernel[0] * z.kernel[1], [&](int64_t plane) {
      for (int64_t p = 0; p < z.p; ++p) {
        float* row = y + (plane * z.p + p) * z.q;
        std::fill_n(row, z.q, 0.0f);
        merge_window_row(z, x + plane * z.h * z.w, row, p, add_row);
        for (int64_t q = 0; q < z.q; ++q) {
          const float count = rows[static_cast<size_t>(p)] * cols[static_cast<size_t>(q)];
          row[q] = count == 0 ? 0.0f : row[q] / count;
        }
      }
    });
  };
}

}  // namespace

std::span<const Row> pool_rows() {
  static constexpr Row kRows[] = {{"max_pool2d", prepare_max, false, prepare_byte_max},
                                  {"avg_pool2d", prepare_average}};
  return kRows;
}

}  // namespace tpuc::fast
