// The bias gives back what rounded weights take from the mean of the sum, for every order of weights.
#include "passes/correct_bias.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "passes/filter_layout.h"
#include "tpuc/ir/text.h"

namespace tpuc::test {
namespace {

ChannelValues means_of(int64_t axis, int64_t channels) {
  ChannelValues means{axis, {}};
  for (int64_t i = 0; i < channels; ++i) means.values.push_back(0.5f + 0.25f * static_cast<float>(i));
  return means;
}

// The result where each input channel holds its mean everywhere: of the weights, or of what 8 bits make of them.
std::vector<double> at_means(const Op& op, const FilterLayout& layout, const std::vector<double>& weights,
                             const Tensor* opt_bias, const ChannelValues& means) {
  std::vector<double> sums(static_cast<size_t>(layout.outputs));
  if (opt_bias != nullptr) sums = opt_bias->to_f64();
  for (int64_t i = 0; i < op.in(1)->tensor().count(); ++i)
    sums[static_cast<size_t>(layout.output(i))] +=
        weights[static_cast<size_t>(i)] * means.values[static_cast<size_t>(layout.input(i))];
  return sums;
}

void check_corrected(const std::string& text) {
  const Module module = parse_module(text);
  const Op& op = module.nets.front().stages.front()->ops().front();
  const auto layout = filter_layout(op);
  REQUIRE(layout);
  const ChannelValues means = means_of(layout->input_axis, layout->inputs);
  const auto bias = corrected_bias(op, means);
  REQUIRE(bias);
  const Tensor* own = op.in(2) == nullptr ? nullptr : &op.in(2)->tensor();
  const auto want = at_means(op, *layout, op.in(1)->tensor().to_f64(), own, means);
  const auto rounded = real_weights(quantized_weights(op, *layout, false), *layout);
  const auto got = at_means(op, *layout, rounded, &*bias, means);
  for (size_t i = 0; i < want.size(); ++i) CHECK(std::abs(got[i] - want[i]) < 1e-5);
}

}  // namespace

TEST_CASE("a corrected bias gives back the mean of what rounding takes", "[passes]") {
  check_corrected(R"(graph @g(%x: f32[1,3,2,2]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033] : f32[2,3,1,1]
  %b = const [1, -2] : f32[2]
  %y = conv2d(%x, %w, %b) : f32[1,2,2,2]
})");
  check_corrected(R"(graph @g(%x: f32[1,4,2,2]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033, 0.4441, 0.0007] : f32[4,2,1,1]
  %y = conv2d(%x, %w) {group=2} : f32[1,4,2,2]
})");
  check_corrected(R"(graph @g(%x: f32[1,2,2,2]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033] : f32[2,3,1,1]
  %y = conv_transpose2d(%x, %w) : f32[1,3,2,2]
})");
  check_corrected(R"(graph @g(%x: f32[5,3]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033] : f32[3,2]
  %y = matmul(%x, %w) : f32[5,2]
})");
  check_corrected(R"(graph @g(%x: f32[5,3]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033] : f32[2,3]
  %y = matmul(%x, %w) {transpose_b=true} : f32[5,2]
})");
}

TEST_CASE("means of another axis or of other channels change nothing", "[passes]") {
  const Module module = parse_module(R"(graph @g(%x: f32[1,3,2,2]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033] : f32[2,3,1,1]
  %y = conv2d(%x, %w) : f32[1,2,2,2]
})");
  const Op& op = module.nets.front().stages.front()->ops().front();
  CHECK_FALSE(corrected_bias(op, means_of(1, 2)));
  CHECK_FALSE(corrected_bias(op, means_of(2, 3)));
}

TEST_CASE("a bias beside which the loss is nothing stays as it is", "[passes]") {
  const Module module = parse_module(R"(graph @g(%x: f32[1,3,2,2]) -> (%y) {
  %w = const [0.91e-6, 0.013e-6, -0.0171e-6, 0.3e-6, 0.7e-6, -0.033e-6] : f32[2,3,1,1]
  %b = const [10000, -20000] : f32[2]
  %y = conv2d(%x, %w, %b) : f32[1,2,2,2]
})");
  CHECK_FALSE(corrected_bias(module.nets.front().stages.front()->ops().front(), means_of(1, 3)));
}

}  // namespace tpuc::test
