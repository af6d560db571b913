// Calibration of a small graph: rows of every float value, independence of threads, values that are not finite.
#include "quant/calibrate.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tpuc/ir/text.h"
#include "tpuc/support/check.h"

using namespace tpuc;
using namespace tpuc::quant;

namespace {

constexpr std::string_view kGraph = R"(graph @g(%x: f32[1,64], %i: i32[4]) -> (%z) {
  %y = relu(%x) : f32[1,64]
  %j = add(%i, %i) : i32[4]
  %z = sqrt(%y) : f32[1,64]
}
)";

SampleSource source(size_t count, const std::function<float(size_t, size_t)>& value) {
  SampleSource s;
  s.count = count;
  s.load = [value](size_t sample) {
    NamedTensors t;
    std::vector<float> v(64);
    for (size_t i = 0; i < v.size(); ++i) v[i] = value(sample, i);
    t.emplace("x", Tensor::from_f32({1, 64}, v));
    t.emplace("i", Tensor(DType::I32, {4}));
    return t;
  };
  s.name = [](size_t i) { return "s" + std::to_string(i); };
  return s;
}

std::string failure_of(const Graph& g, const SampleSource& s) {
  try {
    calibrate(g, s, {});
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E3034);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every float value gets a row, whatever the number of threads", "[quant]") {
  Module m = parse_module(kGraph);
  const Graph& g = *m.nets.front().stages.front();
  const SampleSource s =
      source(100, [](size_t n, size_t i) { return static_cast<float>(static_cast<int>(n * 7 + i * 3) % 50 - 10); });
  CalibrationRequest how;
  how.threads = 1;
  const Calibration one = calibrate(g, s, how);
  CHECK(one.table.ranges.size() == 3);
  CHECK(one.table.samples == 100);
  CHECK(one.table.ranges.at("x").seen_min == -10);
  CHECK(one.table.ranges.at("x").seen_max == 39);
  CHECK(one.table.ranges.at("y").min == 0);
  CHECK(one.table.ranges.at("z").max == std::sqrt(39.f));
  for (const unsigned threads : {2u, 5u}) {
    how.threads = threads;
    size_t told = 0;
    how.on_samples = [&](size_t done) { CHECK(done == ++told); };
    CHECK(to_json(calibrate(g, s, how).table) == to_json(one.table));
    CHECK(told == 100);
  }
}

TEST_CASE("NaN and infinity in samples are told with tensor and sample", "[quant]") {
  Module m = parse_module(kGraph);
  const Graph& g = *m.nets.front().stages.front();
  const float inf = std::numeric_limits<float>::infinity();
  const auto at = [](float bad) {
    return [bad](size_t n, size_t i) { return n >= 13 && n % 2 == 1 && i == 5 ? bad : 1.f; };
  };
  CHECK(failure_of(g, source(40, at(std::nanf("")))) == "input `x` holds NaN in sample `s13`");
  CHECK(failure_of(g, source(40, at(inf))) == "input `x` holds infinity in sample `s13`");
  Module log = parse_module("graph @g(%x: f32[1,64], %i: i32[4]) -> (%z) {\n  %z = log(%x) : f32[1,64]\n}\n");
  const Graph& g2 = *log.nets.front().stages.front();
  CHECK(failure_of(g2, source(40, at(-1.f))) == "tensor `z` becomes NaN in sample `s13`");
  // Infinity inside is a mask's business: left out, and told.
  const Calibration c = calibrate(g2, source(40, at(0.f)), {});
  CHECK(c.infinite == std::vector<std::string>{"z"});
  CHECK(c.table.ranges.at("z").min == 0);
}
