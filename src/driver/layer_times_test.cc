// Predicted times follow the calibration as compilations do: in 8 bits, not in floats.
#include "driver/layer_times.h"

#include <catch2/catch.hpp>

#include "tpuc/ir/text.h"

namespace tpuc {

TEST_CASE("what the calibration leaves in floats counts in int8 only", "[layer-times]") {
  const Module module = parse_module(R"(graph @g(%x: f32[1,16,64,64]) -> (%y) {
  %w = const [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] : f32[16,1,1,1]
  %a = conv2d(%x, %w) {group=16} : f32[1,16,64,64]
  %y = sqrt(%a) : f32[1,16,64,64]
})");
  CalibrationTable plain;
  for (const char* name : {"x", "a", "y"}) plain.ranges[name] = {0, 1, 0, 1, "max"};
  CalibrationTable in_floats = plain;
  in_floats.ranges.at("a").precision = DType::F32;
  in_floats.ranges.at("y").float_type = DType::F32;
  const auto backend = make_backend("bm1684x");
  const auto cycles = [&](const CalibrationTable& table, Precision precision) {
    CompileOptions options;
    options.precision = precision;
    const auto found = predicted_cycles(module, table, options, *backend);
    REQUIRE(found);
    return *found;
  };
  CHECK(cycles(plain, Precision::F16) == cycles(in_floats, Precision::F16));
  CHECK(cycles(plain, Precision::Int8) != cycles(in_floats, Precision::Int8));
}

}  // namespace tpuc
