// See the header.
#include "passes/filter_layout.h"

#include "ops/conv.h"
#include "ops/matmul.h"

namespace tpuc {
namespace {

using namespace ops;

FilterLayout conv_layout(const Op& op) {
  const Dims& d = op.in(1)->type.dims;
  const int64_t taps = d[2] * d[3], per_group = d[1], outputs = d[0];
  const int64_t outputs_per_group = outputs / op.attrs<Conv2d>().group;
  FilterLayout f;
  f.inputs = op.in(0)->type.dims[1], f.outputs = outputs, f.taps = taps;
  f.output = [=](int64_t i) { return i / (per_group * taps); };
  f.input = [=](int64_t i) { return i / (per_group * taps) / outputs_per_group * per_group + i / taps % per_group; };
  return f;
}

FilterLayout conv_transpose_layout(const Op& op) {
  const auto& attrs = op.attrs<ConvTranspose2d>();
  const Dims& d = op.in(1)->type.dims;
  const int64_t taps = d[2] * d[3], rows = d[0], columns = d[1];
  const int64_t outputs = op.out(0)->type.dims[1], outputs_per_group = outputs / attrs.group;
  const int64_t inputs = op.in(0)->type.dims[1], inputs_per_group = inputs / attrs.group;
  FilterLayout f;
  f.inputs = inputs, f.outputs = outputs, f.taps = taps;
  if (attrs.filter == FilterOrder::Oihw) {
    f.output = [=](int64_t i) { return i / (columns * taps); };
    f.input = [=](int64_t i) {
      return i / (columns * taps) / outputs_per_group * inputs_per_group + i / taps % columns;
    };
    return f;
  }
  f.input = [=](int64_t i) { return i / (columns * taps); };
  f.output = [=](int64_t i) {
    return i / (columns * taps) / (rows / attrs.group) * outputs_per_group + i / taps % columns;
  };
  return f;
}

std::optional<FilterLayout> matmul_layout(const Op& op) {
  const auto& attrs = op.attrs<MatMul>();
  const Dims &a = op.in(0)->type.dims, &b = op.in(1)->type.dims;
  if (b.size() != 2 || !attrs.order_b.empty() || a.size() < 2) return {};
  const int64_t columns = b[1];
  FilterLayout f;
  f.inputs = attrs.transpose_b ? b[1] : b[0], f.outputs = attrs.transpose_b ? b[0] : b[1];
  const auto major = [=](int64_t i) { return i / columns; };
  const auto minor = [=](int64_t i) { return i % columns; };
  f.output = attrs.transpose_b ? std::function<int64_t(int64_t)>(major) : minor;
  f.input = attrs.transpose_b ? std::function<int64_t(int64_t)>(minor) : major;
  const auto axis = static_cast<int64_t>(a.size()) - (attrs.transpose_a ? 2 : 1);
  f.input_axis = attrs.order_a.empty() ? axis : attrs.order_a[static_cast<size_t>(axis)];
  return f;
}

// Weights of 9 bits: only sums over whole inputs can take back a zero point of the weights. Two parts take twice the
// time: for a network that asks for these very integers.
WideWeights wide_weights(const Op& op, bool is_stated) {
  if (op.is<MatMul>() || (op.is<Conv2d>() && op.attrs<Conv2d>().group == 1)) return WideWeights::Shift;
  return op.is<Conv2d>() && is_stated ? WideWeights::TwoParts : WideWeights::Round;
}

}  // namespace

std::optional<FilterLayout> filter_layout(const Op& op) {
  if (op.in().size() < 2 || op.in(1) == nullptr || !op.in(1)->is_constant()) return {};
  if (op.is<Conv2d>()) return conv_layout(op);
  if (op.is<ConvTranspose2d>()) return conv_transpose_layout(op);
  return op.is<MatMul>() ? matmul_layout(op) : std::nullopt;
}

QuantizedFilter quantized_weights(const Op& op, const FilterLayout& layout, bool is_stated) {
  return quantize_filter(op.in(1)->tensor(), layout.outputs, layout.taps, layout.output, wide_weights(op, is_stated));
}

std::vector<double> real_weights(const QuantizedFilter& filter, const FilterLayout& layout) {
  std::vector<double> real = filter.weights.to_f64();
  const std::vector<double> rest = filter.opt_rest ? filter.opt_rest->to_f64() : std::vector<double>(real.size());
  for (size_t i = 0; i < real.size(); ++i)
    real[i] =
        (real[i] - filter.zero + rest[i]) * filter.scale[static_cast<size_t>(layout.output(static_cast<int64_t>(i)))];
  return real;
}

}  // namespace tpuc
