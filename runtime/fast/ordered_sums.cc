// The order: fused products one by one in parts of kDepth input values, parts added up, the bias last; where a group
// has one output channel, sums of four products, not fused. source: found by comparison, bit for bit, with ONNX Runtime
// 1.20 on x86-64 with AVX2 or AVX-512 (its products of matrices are those of MLAS)
#include "runtime/fast/ordered_sums.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ops/conv.h"
#include "tpuc/support/int_math.h"

namespace tpuc::fast {
namespace {

constexpr int64_t kColumns = 64;  // output pixels at a time
using Row = std::array<float, kColumns>;

struct Shape {
  int64_t groups, in_channels, out_channels;  // channels of a group
  int64_t height, width, kernel_h, kernel_w, out_h, out_w;
  int64_t depth() const { return in_channels * kernel_h * kernel_w; }
  int64_t pixels() const { return out_h * out_w; }
};

// Input values that are added up before their sum joins the rest: more where there are few pixels.
int64_t part_depth(const Shape& s) {
  constexpr int64_t kDepth = 128, kMostColumns = 128, kFewestColumns = 16;
  int64_t columns = kMostColumns, depth = kDepth;
  if (s.pixels() >= s.depth()) return depth;
  for (; columns > kFewestColumns && columns / 2 >= s.pixels(); columns /= 2) depth *= 2;
  return depth;
}

// y = sum of w[k] * x[k][:].
[[gnu::optimize("O3"), gnu::target_clones("avx512f", "arch=haswell", "default")]] void fused_sums(
    const float* w, const Row* x, int64_t depth, int64_t part, Row& y) {
  for (int64_t first = 0; first < depth; first += part) {
    Row sum{};
    const int64_t end = std::min(depth, first + part);
    for (int64_t k = first; k < end; ++k)
      for (size_t j = 0; j < kColumns; ++j) sum[j] = __builtin_fmaf(w[k], x[k][j], sum[j]);
    for (size_t j = 0; j < kColumns; ++j) y[j] = first == 0 ? sum[j] : y[j] + sum[j];
  }
}

// Sums of four products, then of what remains: of two, of one.
[[gnu::optimize("O3"), gnu::target_clones("avx512f", "avx2", "default")]] void sums_of_four(const float* w,
                                                                                            const Row* x, int64_t depth,
                                                                                            Row& y) {
  for (int64_t k = 0; k < depth;) {
    const int64_t rest = depth - k, count = rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
    Row sum;
    for (size_t j = 0; j < kColumns; ++j) sum[j] = w[k] * x[k][j];
    for (int64_t i = 1; i < count; ++i)
      for (size_t j = 0; j < kColumns; ++j) sum[j] += w[k + i] * x[k + i][j];
    for (size_t j = 0; j < kColumns; ++j) y[j] = k == 0 ? sum[j] : y[j] + sum[j];
    k += count;
  }
}

class OrderedConv {
 public:
  explicit OrderedConv(const Site& site) : a_(site.attrs_of<ops::Conv2d>()) {
    const Dims &x = site.dims(0), &w = site.dims(1), &y = site.out[0].dims;
    s_ = {a_.group, w[1], w[0] / a_.group, x[2], x[3], w[2], w[3], y[2], y[3]};
    batch_ = x[0];
    part_ = part_depth(s_);
  }

  void run(const float* x, const float* w, const float* opt_bias, float* y) const {
    const int64_t blocks = ceil_div(s_.pixels(), kColumns), jobs = batch_ * s_.groups * blocks;
#pragma omp parallel
    {
      std::vector<Row> columns(static_cast<size_t>(s_.depth()));
#pragma omp for
      for (int64_t job = 0; job < jobs; ++job) {
        const int64_t image = job / blocks, first = job % blocks * kColumns;  // image: of one group
        gather(x + image * s_.in_channels * s_.height * s_.width, first, columns);
        const int64_t channel = image % s_.groups * s_.out_channels;
        for (int64_t o = 0; o < s_.out_channels; ++o) {
          const float bias = opt_bias == nullptr ? 0.0f : opt_bias[channel + o];
          row(w + (channel + o) * s_.depth(), columns, opt_bias != nullptr, bias,
              y + (image * s_.out_channels + o) * s_.pixels(), first);
        }
      }
    }
  }

 private:
  // What each of the pixels from `first` on is made of; 0 for padding.
  void gather(const float* x, int64_t first, std::vector<Row>& columns) const {
    const int64_t count = std::min(kColumns, s_.pixels() - first);
    for (int64_t k = 0; k < s_.depth(); ++k) {
      const float* plane = x + k / (s_.kernel_h * s_.kernel_w) * s_.height * s_.width;
      const int64_t r = k / s_.kernel_w % s_.kernel_h, c = k % s_.kernel_w;
      Row& to = columns[static_cast<size_t>(k)];
      to.fill(0);
      for (int64_t j = 0; j < count; ++j) {
        const int64_t h = (first + j) / s_.out_w * a_.strides[0] + r * a_.dilations[0] - a_.pads[0];
        const int64_t v = (first + j) % s_.out_w * a_.strides[1] + c * a_.dilations[1] - a_.pads[1];
        if (h >= 0 && h < s_.height && v >= 0 && v < s_.width) to[static_cast<size_t>(j)] = plane[h * s_.width + v];
      }
    }
  }

  void row(const float* w, const std::vector<Row>& columns, bool has_bias, float bias, float* y, int64_t first) const {
    Row sum{};
    if (s_.out_channels == 1)
      sums_of_four(w, columns.data(), s_.depth(), sum);
    else
      fused_sums(w, columns.data(), s_.depth(), part_, sum);
    const int64_t count = std::min(kColumns, s_.pixels() - first);
    for (int64_t j = 0; j < count; ++j) {
      const float value = sum[static_cast<size_t>(j)];
      y[first + j] = ops::apply(a_.activation, has_bias ? value + bias : value);
    }
  }

  ops::Conv2d::Attrs a_;
  Shape s_{};
  int64_t batch_ = 0, part_ = 0;
};

}  // namespace

Kernel prepare_ordered_conv(const Site& site) {
  return [conv = OrderedConv(site), has_bias = site.has(2)](EvalArgs in, std::span<Tensor> out) {
    conv.run(in[0].as<float>().data(), in[1].as<float>().data(), has_bias ? in[2].as<float>().data() : nullptr,
             out[0].as_mutable<float>().data());
  };
}

}  // namespace tpuc::fast
