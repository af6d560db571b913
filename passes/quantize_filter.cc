// See the header.
#include "passes/quantize_filter.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "passes/requantize.h"

namespace tpuc {
namespace {

using Elements = std::vector<size_t>;

constexpr int kMostOfByte = 128, kMostOfNineBits = 255;  // the lowest byte is -128
constexpr size_t kFewWeights = 16;                       // so few may lie on a fine grid by chance

// Rounds some of the weights the other way, so that the errors of all of them add up to less than half a step: those
// that were nearest to it.
void keep_sum(std::span<const size_t> elements, const std::vector<double>& values, double scale,
              std::vector<double>& rounded) {
  const auto error = [&](size_t i) { return values[i] / scale - rounded[i]; };
  double total = 0;
  for (const size_t i : elements) total += error(i);
  const double direction = total < 0 ? -1 : 1;
  const auto flips = static_cast<size_t>(std::nearbyint(std::abs(total)));
  if (flips == 0) return;
  Elements order(elements.begin(), elements.end());
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return error(a) * direction > error(b) * direction; });
  for (size_t k = 0; k < std::min(flips, order.size()); ++k)
    if (error(order[k]) * direction > 0) rounded[order[k]] = std::clamp(rounded[order[k]] + direction, -127.0, 127.0);
}

// A channel's weights in steps that its largest one chooses.
void round_channel(const Elements& channel, const std::vector<double>& values, int64_t taps, double scale,
                   std::vector<double>& rounded) {
  for (const size_t i : channel) rounded[i] = std::clamp(std::nearbyint(values[i] / scale), -127.0, 127.0);
  // Neighbouring pixels are alike: what is seen of the errors is mostly their sum.
  const auto step = static_cast<size_t>(taps);
  for (size_t first = 0; taps > 1 && first < channel.size(); first += step)
    keep_sum(std::span(channel).subspan(first, step), values, scale, rounded);
}

// Integers of up to 9 bits as bytes and a zero point, or as two bytes. False where they are neither.
bool divide_wide(std::vector<double>& integers, WideWeights wide, QuantizedFilter& out, std::vector<double>& rest) {
  const auto [low, high] = std::minmax_element(integers.begin(), integers.end());
  if (*low >= -128 && *high <= 127) return true;
  if (wide == WideWeights::Shift && *high - *low <= 255) {
    out.zero = static_cast<int32_t>(-128 - std::min(*low, 0.0));
    return true;
  }
  if (wide != WideWeights::TwoParts || *high > 254) return false;
  for (double& x : integers) {
    rest.push_back(x - std::clamp(x, -128.0, 127.0));
    x -= rest.back();
  }
  return true;
}

Tensor bytes_of(const Dims& dims, std::vector<double> integers, int32_t zero) {
  for (double& x : integers) x += zero;
  Tensor t(DType::I8, dims);
  t.assign_f64(integers);
  return t;
}

// One step for all weights, of 9-bit integers too: a network's own. False where there is none.
bool keep_integers(const Tensor& filter, const std::vector<double>& values, const std::vector<Elements>& channels,
                   WideWeights wide, QuantizedFilter& out) {
  const std::optional<double> step = common_step(values);
  if (!step) return false;
  std::vector<double> integers(values.size()), rest;
  for (size_t i = 0; i < values.size(); ++i) integers[i] = std::nearbyint(values[i] / *step);
  for (const Elements& channel : channels) {
    double sum = 0;
    for (const size_t i : channel) sum += integers[i];
    out.sums.push_back(sum);
  }
  if (!divide_wide(integers, wide, out, rest)) {
    out.sums.clear();
    return false;
  }
  out.scale.assign(channels.size(), static_cast<float>(*step));
  out.weights = bytes_of(filter.dims(), std::move(integers), out.zero);
  if (!rest.empty()) out.opt_rest = bytes_of(filter.dims(), std::move(rest), 0);
  return true;
}

}  // namespace

std::optional<double> step_of(const std::vector<double>& values, int most) {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  if (largest == 0 || !std::isfinite(largest)) return {};
  for (int count = 1; count <= most; ++count) {
    const double step = largest / count;
    const auto is_multiple = [&](double x) {
      const double integer = std::nearbyint(x / step);
      return std::abs(x / step - integer) < kOnInteger && (most > 128 || integer <= 127);
    };
    if (positive_scale(step) == static_cast<float>(step) && std::all_of(values.begin(), values.end(), is_multiple))
      return step;
  }
  return {};
}

std::optional<double> common_step(const std::vector<double>& filter) {
  return step_of(filter, filter.size() < kFewWeights ? kMostOfByte : kMostOfNineBits);
}

ChannelStep channel_step(const std::vector<double>& channel) {
  if (const auto own = step_of(channel, kMostOfByte)) return {*own, true};
  double largest = 0;
  for (const double x : channel) largest = std::max(largest, std::abs(x));
  return {positive_scale(largest / 127), false};
}

QuantizedFilter quantize_filter(const Tensor& filter, int64_t channels, int64_t taps,
                                const std::function<int64_t(int64_t)>& channel_of, WideWeights wide) {
  const std::vector<double> values = filter.to_f64();
  std::vector<Elements> members(static_cast<size_t>(channels));  // elements of each channel, in order
  for (size_t i = 0; i < values.size(); ++i)
    members[static_cast<size_t>(channel_of(static_cast<int64_t>(i)))].push_back(i);
  QuantizedFilter out;
  if (keep_integers(filter, values, members, wide, out)) return out;
  std::vector<double> rounded(values.size());
  for (const Elements& channel : members) {
    std::vector<double> own;
    for (const size_t i : channel) own.push_back(values[i]);
    const auto [scale, is_own] = channel_step(own);
    if (!is_own) round_channel(channel, values, taps, scale, rounded);
    for (const size_t i : channel)
      if (is_own) rounded[i] = std::nearbyint(values[i] / scale);
    out.scale.push_back(static_cast<float>(scale));
    double sum = 0;
    for (const size_t i : channel) sum += rounded[i];
    out.sums.push_back(sum);
  }
  out.weights = bytes_of(filter.dims(), std::move(rounded), 0);
  return out;
}

}  // namespace tpuc
