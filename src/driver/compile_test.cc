// The embedding API on the example network: every function, and failures that come back as values.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "tpuc/support/file.h"
#include "tpuc/tpuc.h"

using namespace tpuc;

namespace {

const std::string kModel = TPUC_SOURCE_DIR "/examples/shapes/shapes.onnx";

Arrays picture() {
  Array a{"f32", {1, 3, 48, 48}, Bytes(size_t{3} * 48 * 48 * sizeof(float))};
  for (size_t i = 0; i < a.data.size() / sizeof(float); ++i) {
    const float x = std::sin(static_cast<float>(i) * 0.01F);
    std::memcpy(a.data.data() + i * sizeof x, &x, sizeof x);
  }
  return {{"image", a}};
}

float largest_difference(const Array& a, const Array& b) {
  REQUIRE(a.data.size() == b.data.size());
  float worst = 0;
  for (size_t i = 0; i < a.data.size(); i += sizeof(float)) {
    float x = 0, y = 0;
    std::memcpy(&x, a.data.data() + i, sizeof x);
    std::memcpy(&y, b.data.data() + i, sizeof y);
    worst = std::max(worst, std::fabs(x - y));
  }
  return worst;
}

}  // namespace

TEST_CASE("a model in memory compiles and runs", "[driver]") {
  const std::vector<std::byte> bytes = read_file(kModel);
  const Source source{.path = {}, .bytes = bytes, .external_data = {}};
  const auto want = run(source, picture());
  REQUIRE(want.ok());
  for (const Precision precision : {Precision::F32, Precision::F16}) {
    Options options;
    options.precision = precision;
    const auto artifact = compile(source, options);
    REQUIRE(artifact.ok());
    CHECK(compile(source, options).value().bytes == artifact.value().bytes);
    const auto got = run({.path = {}, .bytes = artifact.value().bytes, .external_data = {}}, picture());
    REQUIRE(got.ok());
    for (const auto& [name, tensor] : want.value().tensors)
      CHECK(largest_difference(tensor, got.value().tensors.at(name)) < 0.1F);
    const auto time = estimate(artifact.value().bytes);
    REQUIRE(time.ok());
    CHECK(time.value().total_cycles > 0);
  }
}

TEST_CASE("a result without dimensions has none after the bmodel either", "[driver]") {
  const std::string text =
      "graph @g(%x: f32[4]) -> (%y) {\n  %y = reduce(%x) {kind=sum, axes=[0], keep_dims=false} : f32[]\n}\n";
  const Source source{.path = {}, .bytes = std::as_bytes(std::span(text)), .external_data = {}};
  Options options;
  options.precision = Precision::F32;
  const auto artifact = compile(source, options);
  REQUIRE(artifact.ok());
  const Arrays x{{"x", {"f32", {4}, Bytes(4 * sizeof(float))}}};
  const auto got = run({.path = {}, .bytes = artifact.value().bytes, .external_data = {}}, x);
  REQUIRE(got.ok());
  CHECK(got.value().tensors.at("y").shape.empty());
}

TEST_CASE("the check lists every node", "[driver]") {
  const auto report = check({.path = kModel, .bytes = {}, .external_data = {}});
  REQUIRE(report.ok());
  CHECK(report.value().supported);
  CHECK(report.value().nodes.size() > 10);
  CHECK(report.value().problems.empty());
}

TEST_CASE("failures come back as diagnostics", "[driver]") {
  const auto code = [](const auto& result) { return static_cast<int>(result.failure().diagnostics.front().code); };
  CHECK(code(compile({.path = "/nowhere/model.onnx", .bytes = {}, .external_data = {}})) == 5001);
  const std::vector<std::byte> noise(100, std::byte{0x5a});
  CHECK(code(compile({.path = {}, .bytes = noise, .external_data = {}})) == 1002);
  Options int8;
  int8.precision = Precision::Int8;
  CHECK(code(compile({.path = kModel, .bytes = {}, .external_data = {}}, int8)) == 2001);  // no calibration
  CHECK(code(run({.path = kModel, .bytes = {}, .external_data = {}}, {})) == 3010);
  CHECK(code(estimate(noise)) == 6001);
}
