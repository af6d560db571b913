// One operator of a chain hides small values behind large ones: it alone stays in floats.
#include "driver/float_layers.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "driver/pipeline.h"
#include "driver/tensors.h"
#include "quant/calibrate.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

// Channel 0 of %a is a thousand times larger than channel 1, which alone decides the result.
constexpr std::string_view kSpread = R"(graph @g(%x: f32[1,2,8,8]) -> (%y) {
  %w1 = const [1000, 0, 0, 1] : f32[2,2,1,1]
  %w2 = const [0, 1, 0, -1] : f32[2,2,1,1]
  %w3 = const [0.5, 0.3, -0.7, 0.4] : f32[2,2,1,1]
  %a = conv2d(%x, %w1) : f32[1,2,8,8]
  %b = conv2d(%a, %w2) : f32[1,2,8,8]
  %c = conv2d(%b, %w3) : f32[1,2,8,8]
  %d = relu(%c) : f32[1,2,8,8]
  %y = conv2d(%d, %w3) : f32[1,2,8,8]
}
)";
constexpr std::string_view kEven = R"(graph @g(%x: f32[1,2,8,8]) -> (%y) {
  %w = const [0.5, 0.3, -0.7, 0.4] : f32[2,2,1,1]
  %a = conv2d(%x, %w) : f32[1,2,8,8]
  %y = conv2d(%a, %w) : f32[1,2,8,8]
}
)";

FloatLayers found_in(std::string_view text, double wanted) {
  const Module module = parse_module(std::string(text));
  const Graph& graph = *module.nets.front().stages.front();
  FloatLayersRequest request;
  for (uint64_t seed = 1; seed <= 3; ++seed) request.samples.push_back(random_inputs(inputs_of(graph), seed));
  const quant::SampleSource source{request.samples.size(), [&](size_t i) { return request.samples[i]; },
                                   [](size_t i) { return std::to_string(i); }};
  const CalibrationTable table = quant::calibrate(graph, source, {}).table;
  request.table = &table;
  request.decibels = wanted;
  return find_float_layers(module, request);
}

}  // namespace

TEST_CASE("the operator that 8 bits are too coarse for stays in floats", "[float-layers]") {
  const FloatLayers found = found_in(kSpread, 25);
  CHECK(found.int8_decibels < 10);
  CHECK(found.decibels >= 25);
  CHECK(found.layers == 1);
  REQUIRE(found.precisions.contains("b"));
  CHECK(found.precisions.at("b") == DType::F16);
  CHECK_FALSE(found.precisions.contains("y"));
}

TEST_CASE("nothing is left in floats where 8 bits do", "[float-layers]") {
  const FloatLayers found = found_in(kEven, 25);
  CHECK(found.precisions.empty());
  CHECK(found.int8_decibels >= 25);
}

TEST_CASE("nothing is left in floats where it is no use", "[float-layers]") {
  CHECK(found_in(kEven, 500).precisions.empty());
}

}  // namespace tpuc
