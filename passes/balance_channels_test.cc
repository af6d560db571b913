// What the network computes stays the same, whatever the scales; scales are found where channels differ, and only
// there.
#include "passes/balance_channels.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"

namespace tpuc::test {
namespace {

Tensor ramp(const Dims& dims) {
  Tensor t(DType::F32, dims);
  std::vector<double> values(static_cast<size_t>(t.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(1.7 * static_cast<double>(i));
  t.assign_f64(values);
  return t;
}

std::vector<double> result_of(const Graph& graph) {
  std::unordered_map<const Value*, Tensor> held;
  for (const auto& v : graph.inputs()) held.emplace(v.get(), ramp(v->type.dims));
  for (const Op& op : graph.ops()) {
    std::vector<const Tensor*> in;
    for (const Value* v : op.in()) in.push_back(v == nullptr ? nullptr : v->is_constant() ? &v->tensor() : &held.at(v));
    held.emplace(op.out(0), std::move(evaluate(op, in).front()));
  }
  return held.at(graph.outputs().front()).to_f64();
}

void balance(Module& module, std::unordered_map<std::string, ChannelValues> scales) {
  PassOptions options;
  options.channel_scales = std::move(scales);
  const std::string names[] = {"balance-channels"};
  run_passes(module, names, options);
}

// Balanced by these scales, and computed.
void check_same(const std::string& text, const std::string& value, const ChannelValues& scales) {
  Module module = parse_module(text);
  const Graph& graph = *module.nets.front().stages.front();
  const std::vector<double> want = result_of(graph);
  const std::string before = print(module);
  balance(module, {{value, scales}});
  CHECK(print(module) != before);
  const std::vector<double> got = result_of(graph);
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) CHECK(std::abs(got[i] - want[i]) <= 1e-5 * (1 + std::abs(want[i])));
}

constexpr const char* kConvs = R"(graph @g(%x: f32[1,2,4,4]) -> (%y) {
  %w = const [0.5, -1, 0.25, 0.125] : f32[2,2,1,1]
  %b = const [0.5, -0.5] : f32[2]
  %d = const [2, -3] : f32[2,1,1,1]
  %a = conv2d(%x, %w, %b) : f32[1,2,4,4]
  %r = leaky_relu(%a) {alpha=0.1f} : f32[1,2,4,4]
  %y = conv2d(%r, %d) {group=2} : f32[1,2,4,4]
})";
constexpr const char* kNorm = R"(graph @g(%x: f32[3,4]) -> (%y) {
  %g = const [1, 2, 3, 4] : f32[4]
  %b = const [0.5, -0.5, 0, 1] : f32[4]
  %w = const [0.5, -1, 0.25, 0.125, 1, 2, 3, 4] : f32[4,2]
  %v = const [1, -1, 2, 0.5, 1, -2, 3, 4] : f32[2,4]
  %n = layer_norm(%x, %g, %b) : f32[3,4]
  %p = matmul(%n, %w) : f32[3,2]
  %q = matmul(%n, %v) {transpose_b=true} : f32[3,2]
  %y = add(%p, %q) : f32[3,2]
})";

std::unordered_map<std::string, ChannelValues> scales_of(const char* text, const std::string& value,
                                                         const ChannelValues& magnitudes) {
  const Module module = parse_module(text);
  return balancing_scales(*module.nets.front().stages.front(), {{value, magnitudes}});
}

}  // namespace

TEST_CASE("divided channels change no result", "[passes]") {
  check_same(kConvs, "r", {1, {0.25f, 3}});
  check_same(kNorm, "n", {1, {0.25f, 3, 1, 0.1f}});
  check_same(R"(graph @g(%x: f32[1,2,2,2]) -> (%y) {
  %w = const [0.5, -1, 0.25, 0.125, 1, 2] : f32[2,3,1,1]
  %v = const [1, 2, -3] : f32[1,3,1,1]
  %a = conv_transpose2d(%x, %w) {activation=relu} : f32[1,3,2,2]
  %y = conv2d(%a, %v) : f32[1,1,2,2]
})",
             "a", {1, {0.25f, 3, 7}});
}

TEST_CASE("channels of very different size are balanced", "[passes]") {
  const auto found = scales_of(kConvs, "r", {1, {100, 1}});
  REQUIRE(found.contains("r"));
  CHECK(found.at("r").values[0] == 1);
  CHECK(found.at("r").values[1] < 0.1f);
}

TEST_CASE("nothing is balanced where it wins nothing, or cannot be", "[passes]") {
  CHECK(scales_of(kConvs, "r", {1, {1, 1}}).empty());
  CHECK(scales_of(kConvs, "y", {1, {100, 1}}).empty());
  CHECK(scales_of(R"(graph @g(%x: f32[1,2,4,4]) -> (%y) {
  %w = const [0.5, -1, 0.25, 0.125] : f32[2,2,1,1]
  %a = conv2d(%x, %w) {activation=relu6} : f32[1,2,4,4]
  %y = conv2d(%a, %w) : f32[1,2,4,4]
})",
                  "a", {1, {100, 1}})
            .empty());
}

TEST_CASE("scales of another network are refused", "[passes]") {
  Module module = parse_module(kConvs);
  const auto refuses = [&](const std::string& value, const ChannelValues& scales) {
    try {
      balance(module, {{value, scales}});
    } catch (const UserError& e) {
      return e.diagnostics().front().code == ErrorCode::E3031;
    }
    return false;
  };
  CHECK(refuses("r", {1, {1, 2, 3}}));
  CHECK(refuses("y", {1, {1, 2}}));
}

}  // namespace tpuc::test
