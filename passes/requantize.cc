// Arithmetic in double, rounded once to what the chip's commands take.
#include "passes/requantize.h"

#include <algorithm>
#include <cmath>

#include "passes/narrow_sum.h"

namespace tpuc {
namespace {

// The smaller side of a range as a share of the larger: below this a symmetric grid wastes values that
// matter. Zero points cost convolutions nothing.
constexpr double kLopsided = 0.9;
constexpr double kMostMultiplier = 1 << 20;  // |m * q| summed over many tensors stays far inside 32 bits

// A unary float op on some values.
std::vector<float> evaluate(const Op& op, const std::vector<float>& values) {
  const Tensor x = Tensor::from_f32({static_cast<int64_t>(values.size())}, values);
  Tensor y(DType::F32, x.dims());
  const Tensor* operands[] = {&x};
  op.def().eval({operands}, op.any_attrs(), {&y, 1});
  return y.to_f32();
}

}  // namespace

float positive_scale(double scale) {
  const auto rounded = static_cast<float>(scale);
  return rounded > 0 && std::isfinite(1 / rounded) ? rounded : 1.0f;
}

QuantParams choose_params(ValueRange range, ZeroPoint zero_point) {
  const double low = std::min(range.min, 0.0), high = std::max(range.max, 0.0);
  if (low == 0) return {DType::U8, positive_scale(high / 255), 0};
  const bool is_lopsided = std::min(-low, high) < kLopsided * std::max(-low, high);
  if (zero_point == ZeroPoint::Never || (zero_point == ZeroPoint::WhereLopsided && !is_lopsided))
    return {DType::I8, positive_scale(std::max(-low, high) / 127), 0};
  const float scale = positive_scale((high - low) / 255);
  return {DType::I8, scale, static_cast<int32_t>(std::clamp(std::nearbyint(-128 - low / scale), -128.0, 127.0))};
}

std::optional<QuantParams> exact_params(const Tensor& t) {
  const std::vector<double> values = t.to_f64();
  const std::optional<double> step = step_of(values, 255);
  if (!step) return {};
  double low = 0, high = 0;  // in steps
  for (const double x : values)
    low = std::min(low, std::nearbyint(x / *step)), high = std::max(high, std::nearbyint(x / *step));
  const auto scale = static_cast<float>(*step);
  if (low >= -128 && high <= 127) return QuantParams{DType::I8, scale, 0};
  if (high - low <= 255) return QuantParams{DType::U8, scale, static_cast<int32_t>(-low)};
  return {};
}

int32_t to_quantized(double x, const QuantParams& p) {
  if (std::isnan(x)) return p.zero;  // of a table, where the function has no value
  const double q = std::nearbyint(x / p.scale) + p.zero;
  return static_cast<int32_t>(std::clamp(q, double(p.lowest()), double(p.highest())));
}

Tensor quantize_tensor(const Tensor& t, const QuantParams& p) {
  std::vector<double> values = t.to_f64();
  for (double& x : values) x = to_quantized(x, p);
  Tensor out(TensorType{p.dtype, t.dims(), to_quant(p)});
  out.assign_f64(values);
  return out;
}

Quant to_quant(const QuantParams& p) { return {{p.scale}, {p.zero}}; }

Tensor requantization(const QuantParams& in, const QuantizedFilter& filter, const Tensor* opt_bias,
                      const QuantParams& out, bool corrects_input) {
  const size_t channels = filter.scale.size();
  const std::vector<double> bias = opt_bias == nullptr ? std::vector<double>(channels) : opt_bias->to_f64();
  std::vector<float> rows(2 * channels);
  for (size_t c = 0; c < channels; ++c) {
    const double scale = double(in.scale) * filter.scale[c];
    const double input_part = corrects_input ? in.zero * filter.sums[c] * scale : 0;
    rows[c] = static_cast<float>(scale / out.scale);
    rows[channels + c] = static_cast<float>((bias[c] - input_part) / out.scale + out.zero);
  }
  return Tensor::from_f32({2, static_cast<int64_t>(channels)}, rows);
}

QuantParams real_numbers() { return {DType::F32, 1.0f, 0}; }

WeightedTerms weighted_terms(const std::vector<QuantParams>& in, const std::vector<double>& signs,
                             const QuantParams& out, Multipliers kind) {
  NarrowSum sum;
  if (const auto narrow = kind == Multipliers::Exact ? std::nullopt : narrow_sum(in, signs, out)) {
    sum = *narrow;
  } else {
    double largest = 0;
    for (const QuantParams& p : in) largest = std::max(largest, double(p.scale) / out.scale);
    const double budget = kMostMultiplier / static_cast<double>(in.size());
    const int shift = static_cast<int>(std::floor(std::log2(budget / largest)));
    sum.scale = std::ldexp(1.0, -shift);
    for (size_t i = 0; i < in.size(); ++i)
      sum.multipliers.push_back(signs[i] * std::nearbyint(double(in[i].scale) / out.scale / sum.scale));
  }
  WeightedTerms terms;
  double zeros = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    terms.multipliers.push_back(static_cast<int64_t>(sum.multipliers[i]));
    zeros += sum.multipliers[i] * in[i].zero;
  }
  terms.scale = static_cast<float>(sum.scale);
  terms.offset = static_cast<float>(out.zero - zeros * sum.scale);
  return terms;
}

Tensor lookup_table(const Op& op, const QuantParams& in, const QuantParams& out) {
  std::vector<float> inputs(256);
  for (int byte = 0; byte < 256; ++byte) {
    const int q = in.dtype == DType::I8 && byte > 127 ? byte - 256 : byte;
    inputs[static_cast<size_t>(byte)] = static_cast<float>(double(in.scale) * (q - in.zero));
  }
  return quantize_tensor(Tensor::from_f32({256}, evaluate(op, inputs)), out);
}

}  // namespace tpuc
