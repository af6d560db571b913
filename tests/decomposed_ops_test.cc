// Operators that the import writes out in others, through the whole compiler: what the simulator computes of a network
// with one of them against what the host computes of it.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "frontends/onnx/model_builder.h"
#include "tpuc/tpuc.h"

namespace tpuc::test {
namespace {

using Shape = std::vector<int64_t>;

std::vector<float> noise(const Shape& dims, float low, float high) {
  static std::mt19937 rng(11);
  std::uniform_real_distribution<float> u(low, high);
  int64_t count = 1;
  for (const int64_t d : dims) count *= d;
  std::vector<float> v(static_cast<size_t>(count));
  for (float& x : v) x = u(rng);
  return v;
}

struct Network {
  ModelBuilder model;
  Arrays inputs;
  explicit Network(int64_t opset) : model(opset) {}
  Network& input(const std::string& name, const Shape& dims, float low = -1, float high = 1) {
    model.input(name, dims);
    const std::vector<float> v = noise(dims, low, high);
    Array a{"f32", dims, Bytes(v.size() * sizeof(float))};
    std::memcpy(a.data.data(), v.data(), a.data.size());
    inputs.emplace(name, std::move(a));
    return *this;
  }
  Network& weights(const std::string& name, const Shape& dims) {
    model.floats(name, dims, noise(dims, -0.5, 0.5));
    return *this;
  }
};

std::vector<float> floats(const Array& a) {
  std::vector<float> v(a.data.size() / sizeof(float));
  REQUIRE(a.dtype == "f32");
  std::memcpy(v.data(), a.data.data(), a.data.size());
  return v;
}

void require_ok(const auto& result) {
  INFO((result.ok() ? "" : result.failure().diagnostics.at(0).message));
  REQUIRE(result.ok());
}

// `f16`: the largest difference F16 may make, relative to the largest element; 0 where it is not asked.
void check_on_chip(const Network& n, float f16) {
  const std::string text = n.model.model.SerializeAsString();
  const Source source{.path = {}, .bytes = std::as_bytes(std::span(text)), .external_data = {}};
  const auto want = run(source, n.inputs);
  require_ok(want);
  for (const auto& [precision, tolerance] : {std::pair(Precision::F32, 1e-5F), std::pair(Precision::F16, f16)}) {
    if (tolerance == 0) continue;
    Options options;
    options.precision = precision;
    const auto artifact = compile(source, options);
    require_ok(artifact);
    const auto got = run({.path = {}, .bytes = artifact.value().bytes, .external_data = {}}, n.inputs);
    require_ok(got);
    for (const auto& [name, tensor] : want.value().tensors) {
      const std::vector<float> a = floats(got.value().tensors.at(name)), b = floats(tensor);
      REQUIRE(a.size() == b.size());
      float worst = 0, largest = 1;
      for (size_t i = 0; i < a.size(); ++i) {
        CHECK(std::isnan(a[i]) == std::isnan(b[i]));
        if (std::isnan(b[i])) continue;
        worst = std::max(worst, std::abs(a[i] - b[i])), largest = std::max(largest, std::abs(b[i]));
      }
      INFO(name << " in " << (precision == Precision::F32 ? "f32" : "f16"));
      CHECK(worst <= tolerance * largest);
    }
  }
}

TEST_CASE("recurrent layers on the chip", "[decomposed]") {
  for (const auto& [op, gates] : {std::pair("LSTM", 4), std::pair("GRU", 3), std::pair("RNN", 1)}) {
    Network n(14);
    n.input("x", {6, 2, 12}).input("h0", {2, 2, 20});
    n.weights("w", {2, gates * 20, 12}).weights("r", {2, gates * 20, 20}).weights("b", {2, 2 * gates * 20});
    n.model.node(op, {"x", "w", "r", "b", "", "h0"}, {"y", "h"});
    n.model.attr("direction", std::string("bidirectional")).attr("hidden_size", int64_t{20});
    if (gates == 3) n.model.attr("linear_before_reset", int64_t{1});
    n.model.output("y").output("h");
    check_on_chip(n, 4e-3F);
  }
}

TEST_CASE("CumSum and TopK on the chip", "[decomposed]") {
  Network sums(14);
  sums.input("x", {3, 37, 5}).model.ints("axis", {}, {1}).node("CumSum", {"x", "axis"}, {"y"});
  sums.model.attr("exclusive", int64_t{1}).attr("reverse", int64_t{1}).output("y");
  check_on_chip(sums, 4e-3F);
  Network top(11);
  top.input("x", {2, 40, 3}).model.ints("k", {1}, {4}).node("TopK", {"x", "k"}, {"y", "i"}).attr("axis", int64_t{1});
  top.model.output("y").node("Cast", {"i"}, {"index"}).attr("to", int64_t{1}).output("index");
  check_on_chip(top, 0);  // in F16 other elements may be equal
}

TEST_CASE("windows over three axes on the chip", "[decomposed]") {
  for (const int64_t group : {1, 2}) {
    Network n(13);
    n.input("x", {2, 4, 5, 8, 9}).weights("w", {6, 4 / group, 3, 3, 3}).weights("b", {6});
    n.model.node("Conv", {"x", "w", "b"}, {"c"}).attr("group", group).attr("pads", Shape{1, 1, 0, 1, 1, 0});
    n.model.attr("strides", Shape{2, 1, 2});
    n.model.node("MaxPool", {"c"}, {"m"}).attr("kernel_shape", Shape{2, 2, 2}).output("m");
    n.model.node("AveragePool", {"c"}, {"a"})
        .attr("kernel_shape", Shape{2, 3, 2})
        .attr("pads", Shape{1, 1, 0, 1, 1, 0});
    n.model.output("a").node("GlobalAveragePool", {"c"}, {"g"}).output("g");
    check_on_chip(n, 4e-3F);
  }
}

TEST_CASE("powers with computed exponents on the chip", "[decomposed]") {
  Network n(15);
  n.input("x", {4, 30}, 0.05F, 3).input("e", {4, 30}, -2, 3).input("z", {4, 30}, -2, 2);
  n.model.node("Pow", {"x", "e"}, {"y"}).output("y");
  n.model.node("Round", {"e"}, {"whole"}).node("Pow", {"z", "whole"}, {"of_negative"}).output("of_negative");
  n.model.node("Pow", {"z", "e"}, {"broken"}).output("broken");  // nan below zero
  n.model.node("Floor", {"z"}, {"steps"}).node("Abs", {"e"}, {"up"}).node("Floor", {"up"}, {"exponents"});
  n.model.node("Pow", {"steps", "exponents"}, {"of_zero"}).output("of_zero");
  check_on_chip(n, 0);
}

TEST_CASE("GridSample on the chip", "[decomposed]") {
  for (const std::string mode : {"bilinear", "nearest"})
    for (const std::string padding : {"zeros", "border", "reflection"}) {
      Network n(16);
      n.input("x", {2, 5, 9, 7}).input("grid", {2, 6, 8, 2}, -1.5F, 1.5F);
      n.model.node("GridSample", {"x", "grid"}, {"y"}).attr("mode", mode).attr("padding_mode", padding).output("y");
      check_on_chip(n, 0);
    }
}

}  // namespace
}  // namespace tpuc::test
