// Filters as integers: what was quantized before is kept exactly, also where it takes 9 bits; the rest is rounded.
#include "passes/quantize_filter.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace tpuc::test {
namespace {

constexpr int64_t kChannels = 2, kPerChannel = 16;

// (k - zero) * step of the channel for the bytes k, as a DequantizeLinear computes them.
Tensor dequantized(const std::vector<int>& bytes, int zero, const std::vector<float>& steps) {
  std::vector<float> real;
  for (size_t i = 0; i < bytes.size(); ++i)
    real.push_back(static_cast<float>(bytes[i] - zero) * steps[i / kPerChannel % steps.size()]);
  return Tensor::from_f32({kChannels, 1, 4, 4}, real);
}

std::vector<int> bytes_from(int first, int step) {
  std::vector<int> v;
  for (int i = 0; i < kChannels * kPerChannel; ++i) v.push_back(first + i * step);
  return v;
}

QuantizedFilter quantized(const Tensor& filter, WideWeights wide) {
  return quantize_filter(
      filter, kChannels, kPerChannel, [](int64_t i) { return i / kPerChannel; }, wide);
}

// The largest difference in steps between the filter and what stands for it.
double worst(const Tensor& filter, const QuantizedFilter& q) {
  const auto want = filter.to_f64(), main = q.weights.to_f64();
  double most = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const double rest = q.opt_rest ? q.opt_rest->to_f64()[i] : 0, scale = q.scale[i / kPerChannel];
    most = std::max(most, std::abs(want[i] - (main[i] - q.zero + rest) * scale) / scale);
  }
  return most;
}

TEST_CASE("integers with a scale per channel are kept", "[pass]") {
  const Tensor filter = dequantized(bytes_from(-128, 5), 0, {0.0123F, 3e-5F});
  const QuantizedFilter q = quantized(filter, WideWeights::Round);
  CHECK(worst(filter, q) < 1e-4);
  CHECK(q.zero == 0);
  CHECK(q.weights.to_f64()[0] == -128);
  CHECK(q.scale[0] == Approx(0.0123F));
}

TEST_CASE("unsigned integers get a zero point, or two parts, or are rounded", "[pass]") {
  const Tensor filter = dequantized(bytes_from(3, 8), 208, {0.329277F});
  const QuantizedFilter shifted = quantized(filter, WideWeights::Shift);
  CHECK(worst(filter, shifted) < 1e-4);
  CHECK(shifted.zero != 0);
  CHECK_FALSE(shifted.opt_rest);
  const QuantizedFilter parts = quantized(filter, WideWeights::TwoParts);
  CHECK(worst(filter, parts) < 1e-4);
  CHECK(parts.zero == 0);
  CHECK(parts.opt_rest);
  double sum = 0;
  for (int i = 0; i < kPerChannel; ++i) sum += 3 + 8 * i - 208;
  CHECK(parts.sums[0] * parts.scale[0] == Approx(sum * 0.329277));
  CHECK(shifted.sums[0] * shifted.scale[0] == Approx(sum * 0.329277));
  CHECK_FALSE(quantized(filter, WideWeights::Round).opt_rest);
}

TEST_CASE("other filters are rounded to 127 steps", "[pass]") {
  std::vector<float> real;
  for (int i = 0; i < kChannels * kPerChannel; ++i) real.push_back(std::sin(static_cast<float>(i * i)));
  const Tensor filter = Tensor::from_f32({kChannels, 1, 4, 4}, real);
  const QuantizedFilter q = quantized(filter, WideWeights::Shift);
  CHECK(q.zero == 0);
  CHECK(worst(filter, q) < 1);
  const QuantizedFilter zeros = quantized(Tensor(DType::F32, {kChannels, 1, 4, 4}), WideWeights::Shift);
  CHECK(zeros.scale == std::vector<float>{1, 1});
}

TEST_CASE("steps", "[pass]") {
  CHECK(step_of({0.5, -1, 0.25}, 128) == 0.25);
  CHECK(step_of({3}, 128) == 3.0);
  CHECK_FALSE(step_of({1, 0.34567}, 128));
  CHECK_FALSE(step_of({0, 0}, 128));
  CHECK_FALSE(step_of({1, NAN}, 128));
  CHECK_FALSE(step_of({128, 1}, 128));  // no byte is 128
  CHECK(step_of({-128, 1}, 128) == 1.0);
}

}  // namespace
}  // namespace tpuc::test
