// Rows of samples times the weights are the operator's results: of every kind of convolution and matrix.
#include "driver/weight_samples.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tpuc/ir/text.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {
namespace {

Tensor numbers(const Dims& dims) {
  Tensor t(DType::F32, dims);
  float next = 0.3F;
  for (float& x : t.as_mutable<float>()) x = next = std::sin(7 * next + 1);
  return t;
}

void check_rows(const std::string& text, const Dims& filter) {
  INFO(text);
  Module module = parse_module("graph @g" + text);
  Graph& graph = *module.nets.front().stages.front();
  Op& op = graph.ops().front();
  graph.set_input(op, 1, graph.constant(numbers(filter)));
  const auto layout = filter_layout(op);
  REQUIRE(layout);
  const Tensor x = numbers(op.in(0)->type.dims);
  const std::vector<float> y = Executor(graph).run({{"x", x}, {"w", numbers(filter)}}).at("y").to_f32();
  std::vector<float> rows;
  append_weight_samples(op, *layout, x, 1 << 20, 0, rows);
  const auto width = static_cast<size_t>(layout->inputs * layout->taps), outputs = static_cast<size_t>(layout->outputs);
  REQUIRE(rows.size() * outputs == y.size() * width);
  const std::vector<double> w = op.in(1)->tensor().to_f64();
  const bool is_matrix = op.name() == "matmul";
  const size_t positions = rows.size() / width,
               inner = is_matrix ? 1 : static_cast<size_t>(op.out(0)->type.dims[2] * op.out(0)->type.dims[3]);
  for (size_t p = 0; p < positions; ++p) {
    std::vector<double> sums(outputs);
    for (size_t i = 0; i < w.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      const auto slot = static_cast<size_t>(layout->input(at) * layout->taps + at % layout->taps);
      sums[static_cast<size_t>(layout->output(at))] += w[i] * static_cast<double>(rows[p * width + slot]);
    }
    for (size_t o = 0; o < outputs; ++o)
      REQUIRE(std::abs(sums[o] - static_cast<double>(y[(p / inner * outputs + o) * inner + p % inner])) < 1e-4);
  }
}

}  // namespace

TEST_CASE("rows times weights are results", "[round]") {
  const auto conv = [](const std::string& x, const std::string& w, const std::string& op, const std::string& y) {
    return "(%x: f32" + x + ", %w: f32" + w + ") -> (%y) {\n  %y = " + op + " : f32" + y + "\n}\n";
  };
  check_rows(conv("[2,3,5,4]", "[4,3,3,2]", "conv2d(%x, %w) {strides=[2,1], pads=[1,0,1,1]}", "[2,4,3,4]"),
             {4, 3, 3, 2});
  check_rows(conv("[1,4,6,6]", "[6,2,2,2]", "conv2d(%x, %w) {dilations=[2,3], group=2}", "[1,6,4,3]"), {6, 2, 2, 2});
  check_rows(conv("[1,3,4,4]", "[3,1,3,3]", "conv2d(%x, %w) {pads=[1,1,1,1], group=3}", "[1,3,4,4]"), {3, 1, 3, 3});
  check_rows(conv("[1,2,3,3]", "[2,3,3,3]", "conv_transpose2d(%x, %w) {strides=[2,2], pads=[1,1,1,1]}", "[1,3,5,5]"),
             {2, 3, 3, 3});
  check_rows(conv("[1,4,3,2]", "[4,1,2,2]", "conv_transpose2d(%x, %w) {strides=[3,2], group=4}", "[1,4,8,4]"),
             {4, 1, 2, 2});
  check_rows(conv("[2,3,5]", "[5,4]", "matmul(%x, %w)", "[2,3,4]"), {5, 4});
  check_rows(conv("[3,5]", "[4,5]", "matmul(%x, %w) {transpose_b=true}", "[3,4]"), {4, 5});
  check_rows(conv("[5,3]", "[5,4]", "matmul(%x, %w) {transpose_a=true}", "[3,4]"), {5, 4});
}

TEST_CASE("a few of many positions are the same for the same seed", "[round]") {
  const Module module = parse_module(R"(graph @g(%x: f32[1,1,8,8]) -> (%y) {
  %w = const [1, 2] : f32[2,1,1,1]
  %y = conv2d(%x, %w) : f32[1,2,8,8]
})");
  const Op& op = module.nets.front().stages.front()->ops().front();
  const auto layout = filter_layout(op);
  REQUIRE(layout);
  const Tensor x = numbers({1, 1, 8, 8});
  std::vector<float> one, again, other;
  append_weight_samples(op, *layout, x, 10, 1, one);
  append_weight_samples(op, *layout, x, 10, 1, again);
  append_weight_samples(op, *layout, x, 10, 2, other);
  CHECK(one.size() == 10);
  CHECK(one == again);
  CHECK(one != other);
}

}  // namespace tpuc
