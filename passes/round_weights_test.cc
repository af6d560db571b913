// Weights take the values that were decided, none more than a step away, and what makes integers of them keeps them.
#include "passes/round_weights.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "passes/integer_weights.h"
#include "passes/weight_grid.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"

namespace tpuc::test {
namespace {

Tensor waves(const Dims& dims) {
  Tensor t(DType::F32, dims);
  float next = 0.3F;
  for (float& x : t.as_mutable<float>()) x = next = std::sin(9 * next + 2);
  return t;
}

// An operator %y of %x and weights of these dimensions; the first output channel's, or column's, are 0.
struct Net {
  Module module;
  Graph& graph;
  explicit Net(const std::string& x, const Dims& filter, const std::string& op, const std::string& y)
      : module(parse_module("graph @g(%x: f32" + x + ", %w: f32" + to_string(filter) + ") -> (%y) {\n  %y = " + op +
                            " : f32" + y + "\n}\n")),
        graph(*module.nets.front().stages.front()) {
    Tensor w = waves(filter);
    graph.set_input(graph.ops().front(), 1, graph.constant(w));
    for (size_t i = 0; i < static_cast<size_t>(w.count()); ++i)
      if (layout().output(static_cast<int64_t>(i)) == 0) w.as_mutable<float>()[i] = 0;
    graph.set_input(graph.ops().front(), 1, graph.constant(w));
  }
  Op& op() { return graph.ops().front(); }
  FilterLayout layout() { return *filter_layout(op()); }
  std::vector<double> weights() { return op().in(1)->tensor().to_f64(); }
  WeightRounding every_other(uint8_t bits) {
    const std::vector<uint8_t> up((weights().size() + 7) / 8, bits);
    return {weights_name(op()), up, up};
  }
  void round(const WeightRounding& rounding, int weight_bits, bool with_means = false) {
    PassOptions options;
    options.roundings.emplace("y", rounding);
    options.weight_bits = [=](const Op&) { return weight_bits; };
    if (weight_bits == 0)
      options.quantization = [=](const Graph&) {
        Quantization how;
        how.ranges = {{"x", {-1, 1}}, {"y", {-1, 1}}};
        if (with_means) how.means.emplace("x", ChannelValues{1, {0.5F, -0.25F, 1, 2}});
        return how;
      };
    const std::string names[] = {"round-weights"};
    run_passes(module, names, options);
  }
};

const std::vector<std::function<Net()>> kNets = {
    [] {
      return Net("[1,4,6,6]", {5, 4, 3, 3}, "conv2d(%x, %w)", "[1,5,4,4]");
    },
    [] {
      return Net("[1,4,6,6]", {4, 1, 3, 3}, "conv2d(%x, %w) {group=4}", "[1,4,4,4]");
    },
    [] {
      return Net("[1,4,3,3]", {4, 3, 2, 2}, "conv_transpose2d(%x, %w) {strides=[2,2]}", "[1,3,6,6]");
    },
    [] {
      return Net("[3,96]", {96, 16}, "matmul(%x, %w)", "[3,16]");
    },
    [] {
      return Net("[3,96]", {16, 96}, "matmul(%x, %w) {transpose_b=true}", "[3,16]");
    }};

}  // namespace

TEST_CASE("weights of 8 bits move by less than a step, the way that was decided, and quantize keeps them", "[passes]") {
  for (const auto& make : kNets)
    for (const int up : {0x00, 0x5a, 0xff}) {
      Net net = make();
      const std::vector<double> before = net.weights();
      const WeightGrid grid = *weight_grid(net.op(), net.layout(), 8);
      net.round(net.every_other(static_cast<uint8_t>(up)), 0);
      const std::vector<double> after = net.weights();
      const std::vector<double> kept = real_weights(quantized_weights(net.op(), net.layout(), false), net.layout());
      for (size_t i = 0; i < before.size(); ++i) {
        const double moved = (after[i] - before[i]) / grid.steps[i];
        const bool is_up = (up >> (i % 8) & 1) != 0;
        REQUIRE((is_up ? moved > -1e-4 && moved < 1 : moved < 1e-4 && moved > -1));
        REQUIRE(std::abs(after[i] / grid.steps[i]) < 127.001);
        REQUIRE(std::abs(kept[i] - after[i]) < 1e-4 * grid.steps[i]);
        if (before[i] == 0) REQUIRE(after[i] == 0);
      }
    }
}

TEST_CASE("weights of products in floats keep their integers, of 8 bits and of 4", "[passes]") {
  for (size_t form : {3, 4})
    for (const int bits : {8, 4}) {
      Net net = kNets[form]();
      const std::vector<double> before = net.weights();
      const WeightGrid grid = *weight_grid(net.op(), net.layout(), bits);
      net.round(net.every_other(0x5a), bits);
      const std::vector<double> after = net.weights();
      const auto found = find_integers(projection_matrix(net.op()));
      REQUIRE(found);
      CHECK(found->bits == bits);
      for (size_t i = 0; i < before.size(); ++i) {
        const double integer = after[i] / grid.steps[i] + grid.zeros[i];
        REQUIRE(std::abs(integer - std::nearbyint(integer)) < 1e-4);
        REQUIRE(integer > grid.least - 1e-4);
        REQUIRE(integer < grid.most + 1e-4);
        REQUIRE(std::abs(after[i] - before[i]) < (bits == 4 ? 1.5 : 1) * grid.steps[i]);  // 4 bits round the zero, too
      }
    }
}

TEST_CASE("the bias gives back what decided rounding takes on average", "[passes]") {
  Net net("[1,4,2,2]", {3, 4, 1, 1}, "conv2d(%x, %w)", "[1,3,2,2]");
  const std::vector<double> before = net.weights(), means = {0.5, -0.25, 1, 2};
  net.round(net.every_other(0xff), 0, true);
  const std::vector<double> after = net.weights();
  REQUIRE(net.op().in(2) != nullptr);
  const std::vector<double> bias = net.op().in(2)->tensor().to_f64();
  for (size_t o = 0; o < 3; ++o) {
    double lost = 0;
    for (size_t i = 0; i < 4; ++i) lost += (before[4 * o + i] - after[4 * o + i]) * means[i];
    CHECK(std::abs(bias[o] - lost) < 1e-6);
  }
}

TEST_CASE("decisions for other weights are refused; nothing happens where no integers are wanted", "[passes]") {
  Net net = kNets[3]();
  const std::string before = print(net.module);
  PassOptions options;
  options.roundings.emplace("y", net.every_other(0xff));
  const std::string names[] = {"round-weights"};
  run_passes(net.module, names, options);
  CHECK(print(net.module) == before);
  WeightRounding other = net.every_other(0xff);
  other.weights[0] = other.weights[0] == '0' ? '1' : '0';
  CHECK_THROWS_AS(net.round(other, 4), UserError);
  other = net.every_other(0xff);
  other.up4.pop_back();
  CHECK_THROWS_AS(net.round(other, 4), UserError);
}

TEST_CASE("weights that are integers, and networks that arrive quantized, stay", "[passes]") {
  Net net = kNets[3]();
  Tensor integers = waves({96, 16});
  for (float& x : integers.as_mutable<float>()) x = std::nearbyint(100 * x) * 0.25F;
  net.graph.set_input(net.op(), 1, net.graph.constant(integers));
  CHECK_FALSE(weight_grid(net.op(), net.layout(), 8));
  const std::string before = print(net.module);
  net.round(net.every_other(0xff), 0);
  CHECK(print(net.module) == before);
}

}  // namespace tpuc::test
