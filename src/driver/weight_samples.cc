// See the header.
#include "driver/weight_samples.h"

#include <algorithm>
#include <optional>
#include <random>
#include <span>

#include "ops/conv.h"
#include "ops/matmul.h"

namespace tpuc {
namespace {

// Positions in the order of rows: chosen ones, or all.
class Positions {
 public:
  Positions(size_t total, size_t most, uint64_t seed) : total_(total), most_(most), random_(seed) {}
  size_t count() const { return std::min(total_, most_); }
  size_t next() { return total_ <= most_ ? at_++ : random_() % total_; }

 private:
  size_t total_, most_, at_ = 0;
  std::mt19937_64 random_;
};

// One axis of a convolution: which element of the input a tap meets; nothing in the padding and between elements that a
// transposed one spreads.
struct Axis {
  int64_t stride = 1, pad = 0, dilation = 1, size = 1;
  bool is_transposed = false;
  std::optional<int64_t> meets(int64_t position, int64_t tap) const {
    int64_t at = is_transposed ? position + pad - tap * dilation : position * stride - pad + tap * dilation;
    if (is_transposed) {
      if (at % stride != 0) return {};
      at /= stride;
    }
    return at >= 0 && at < size ? std::optional(at) : std::nullopt;
  }
};

template <class S>
Axis axis_of(const Op& op, size_t i) {
  const auto& a = op.attrs<S>();
  return {a.strides[i], a.pads[i], a.dilations[i], op.in(0)->type.dims[2 + i], op.is<ops::ConvTranspose2d>()};
}

Axis axis_of(const Op& op, size_t i) {
  return op.is<ops::Conv2d>() ? axis_of<ops::Conv2d>(op, i) : axis_of<ops::ConvTranspose2d>(op, i);
}

void append_window(const Op& op, std::span<const float> x, int64_t position, std::vector<float>& rows) {
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims, &filter = op.in(1)->type.dims;
  const Axis vertical = axis_of(op, 0), horizontal = axis_of(op, 1);
  const int64_t n = position / (out[2] * out[3]), h = position / out[3] % out[2], w = position % out[3];
  for (int64_t c = 0; c < in[1]; ++c)
    for (int64_t r = 0; r < filter[2]; ++r)
      for (int64_t s = 0; s < filter[3]; ++s) {
        const auto y = vertical.meets(h, r), z = horizontal.meets(w, s);
        rows.push_back(y && z ? x[static_cast<size_t>(((n * in[1] + c) * in[2] + *y) * in[3] + *z)] : 0);
      }
}

// A row of a matrix, along whichever axis it lies.
void append_row(std::span<const float> x, size_t depth, size_t inner, size_t position, std::vector<float>& rows) {
  for (size_t k = 0; k < depth; ++k) rows.push_back(x[(position / inner * depth + k) * inner + position % inner]);
}

}  // namespace

void append_weight_samples(const Op& op, const FilterLayout& layout, const Tensor& x, size_t most, uint64_t seed,
                           std::vector<float>& rows) {
  const std::vector<float> values = x.to_f32();
  if (values.empty()) return;
  const auto depth = static_cast<size_t>(layout.inputs);
  if (op.is<ops::MatMul>()) {
    size_t inner = 1;
    for (auto i = static_cast<size_t>(layout.input_axis) + 1; i < x.dims().size(); ++i)
      inner *= static_cast<size_t>(x.dims()[i]);
    Positions positions(values.size() / depth, most, seed);
    for (size_t i = 0; i < positions.count(); ++i) append_row(values, depth, inner, positions.next(), rows);
    return;
  }
  const Dims& out = op.out(0)->type.dims;
  Positions positions(static_cast<size_t>(out[0] * out[2] * out[3]), most, seed);
  for (size_t i = 0; i < positions.count(); ++i)
    append_window(op, values, static_cast<int64_t>(positions.next()), rows);
}

}  // namespace tpuc
