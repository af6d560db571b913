// Decisions for a whole network: which operators get them, that they help, and that threads do not show.
#include "driver/weight_rounding.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "driver/pipeline.h"
#include "driver/tensors.h"
#include "tpuc/ir/copy.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {
namespace {

// %mixed holds sixteen copies of two numbers: what errors of its readers' weights add up to is what counts.
constexpr std::string_view kNet = R"(graph @g(%x: f32[8,2], %m: f32[2,64], %w: f32[64,32], %q: f32[64,32]) -> (%y, %z) {
  %mixed = matmul(%x, %m) : f32[8,64]
  %y = matmul(%mixed, %w) : f32[8,32]
  %z = matmul(%mixed, %q) : f32[8,32]
})";

Tensor waves(const Dims& dims, float from) {
  Tensor t(DType::F32, dims);
  for (float& x : t.as_mutable<float>()) x = from = std::sin(9 * from + 2);
  return t;
}

Module network() {
  Module module = parse_module(std::string(kNet));
  Graph& graph = *module.nets.front().stages.front();
  Tensor integers = waves({64, 32}, 0.3F);
  for (float& x : integers.as_mutable<float>()) x = std::nearbyint(7 * x) * 0.25F;
  const std::pair<std::string, Tensor> constants[] = {
      {"m", waves({2, 64}, 0.1F)}, {"w", waves({64, 32}, 0.2F)}, {"q", integers}};
  for (const auto& [name, tensor] : constants) graph.replace_uses(graph.find(name), graph.constant(tensor, name + "c"));
  return module;
}

std::vector<NamedTensors> inputs(uint64_t seed, size_t count) {
  std::vector<NamedTensors> out;
  const std::vector<ArtifactTensor> wanted{{"x", {DType::F32, {8, 2}, {}}}};
  for (size_t i = 0; i < count; ++i) {
    out.push_back(random_inputs(wanted, seed + i));
    for (const auto& [name, dims] : {std::pair{"m", Dims{2, 64}}, {"w", {64, 32}}, {"q", {64, 32}}})
      out.back().emplace(name, Tensor(DType::F32, dims));
  }
  return out;
}

std::unordered_map<std::string, WeightRounding> decided(const Module& module, unsigned threads) {
  const std::vector<NamedTensors> samples = inputs(1, 12);
  return round_weights(
      *module.nets.front().stages.front(),
      {samples.size(), [&](size_t i) { return samples[i]; }, [](size_t i) { return std::to_string(i); }}, threads);
}

// Squared error of %y with weights of so many bits.
double error_with(const Module& module, const std::unordered_map<std::string, WeightRounding>& roundings, int bits) {
  Module copy = copy_module(module);
  PassOptions options;
  options.weight_bits = [=](const Op& op) { return op.out(0)->name == "y" ? bits : 0; };
  options.roundings = roundings;
  const std::string names[] = {"round-weights", "integer-weights"};
  run_passes(copy, names, options);
  double sum = 0;
  for (const NamedTensors& sample : inputs(100, 5)) {
    const auto want = Executor(*module.nets.front().stages.front()).run(sample).at("y").to_f64();
    const auto got = Executor(*copy.nets.front().stages.front()).run(sample).at("y").to_f64();
    for (size_t i = 0; i < want.size(); ++i) sum += (want[i] - got[i]) * (want[i] - got[i]);
  }
  return sum;
}

}  // namespace

TEST_CASE("weights are rounded for the results, in 8 and in 4 bits", "[round]") {
  const Module module = network();
  const auto roundings = decided(module, 1);
  CHECK(roundings.contains("mixed"));
  CHECK_FALSE(roundings.contains("z"));  // integers already
  REQUIRE(roundings.contains("y"));
  CHECK(roundings.at("y").up8.size() == 64 * 32 / 8);
  CHECK(roundings.at("y").up4.size() == 64 * 32 / 8);
  CHECK(roundings.at("mixed").up4.empty());  // too small for integers in a float product
  for (const int bits : {8, 4}) {
    const double nearest = error_with(module, {}, bits), now = error_with(module, roundings, bits);
    INFO(bits << " bits: " << nearest << " -> " << now);
    CHECK(nearest > 0);
    CHECK(now < 0.5 * nearest);
  }
}

TEST_CASE("decisions do not depend on threads", "[round]") {
  const Module module = network();
  CHECK(decided(module, 1) == decided(module, 3));
}

TEST_CASE("a network that arrives quantized gets no decisions", "[round]") {
  const Module module = parse_module(R"(graph @g(%x: i8[1,3,2,2]) -> (%y) {
  %w = const [0.91, 0.013, -0.0171, 0.3, 0.7, -0.033] : f32[2,3,1,1]
  %d = dequantize(%x) {scale=0.5} : f32[1,3,2,2]
  %y = conv2d(%d, %w) : f32[1,2,2,2]
})");
  CHECK(round_weights(*module.nets.front().stages.front(), {0, {}, {}}, 1).empty());
}

}  // namespace tpuc
