// The executor: inputs, hooks, buffers given back, outputs that are inputs; and what surrounds it.
#include "tpuc/runtime/executor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <limits>

#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/shape.h"
#include "tpuc/runtime/compare.h"

namespace tpuc {
namespace {

Tensor f32(Dims dims, std::vector<float> v) { return Tensor::from_f32(std::move(dims), v); }
constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

struct Net1 {
  Module module;
  Graph graph{"g", *module.constants};
  Value* x = graph.input({DType::F32, {2, 2}, {}}, "x");
};

TEST_CASE("the executor runs a graph twice with the same result", "[runtime]") {
  Net1 n;
  Value* sum = n.graph.add<ops::Add>({n.x, n.graph.constant(f32({}, {1}))}, {}, "sum").out(0);
  Value* line = n.graph.add<ops::Reshape>({sum}, {.shape = {4}}, "line").out(0);
  Value* y = n.graph.add<ops::Relu>({line}, {}, "y").out(0);
  n.graph.set_outputs({y, sum, n.x});
  Executor e(n.graph);
  for (int round = 0; round < 2; ++round) {
    const NamedTensors out = e.run({{"x", f32({2, 2}, {-3, -1, 0, 2})}, {"other", f32({}, {0})}});
    CHECK(out.size() == 3);
    CHECK(out.at("y").to_f32() == std::vector<float>{0, 0, 1, 3});
    CHECK(out.at("y").dims() == Dims{4});
    CHECK(out.at("sum").to_f32() == std::vector<float>{-2, 0, 1, 3});
    CHECK(out.at("x").to_f32() == std::vector<float>{-3, -1, 0, 2});
  }
}

TEST_CASE("a reshape at the end of a value's life moves it", "[runtime]") {
  Net1 n;
  Value* v = n.graph.add<ops::Neg>({n.x}).out(0);
  v = n.graph.add<ops::Reshape>({v}, {.shape = {4}}).out(0);
  v = n.graph.add<ops::Reshape>({v}, {.shape = {1, 4}}, "y").out(0);
  n.graph.set_outputs({v});
  Executor e(n.graph);
  for (int round = 0; round < 2; ++round)
    CHECK(e.run({{"x", f32({2, 2}, {1, 2, 3, 4})}}).at("y").to_f32() == std::vector<float>{-1, -2, -3, -4});
}

TEST_CASE("hooks see inputs and every result in program order", "[runtime]") {
  Net1 n;
  Value* a = n.graph.add<ops::Neg>({n.x}, {}, "a").out(0);
  n.graph.set_outputs({n.graph.add<ops::Relu>({a}, {}, "b").out(0)});
  std::vector<std::string> seen;
  ExecOptions options;
  options.hook = [&](const Value& v, const Tensor& t) { seen.push_back(v.name + to_string(t.dims())); };
  Executor(n.graph, options).run({{"x", f32({2, 2}, {1, 2, 3, 4})}});
  CHECK(seen == std::vector<std::string>{"x[2,2]", "a[2,2]", "b[2,2]"});
}

TEST_CASE("denormals count as zero where the chip's mode is asked for, on every thread", "[runtime]") {
  Module module;
  Graph g("g", *module.constants);
  const Dims dims{1 << 18};
  Value* x = g.input({DType::F32, dims, {}}, "x");
  Value* half = g.input({DType::F16, dims, {}}, "half");
  g.set_outputs({g.add<ops::Mul>({x, g.constant(f32({}, {0.5f}))}, {}, "y").out(0),
                 g.add<ops::Add>({half, half}, {}, "z").out(0)});
  Tensor halves(DType::F16, dims);
  halves.assign_f64(std::vector<double>(static_cast<size_t>(halves.count()), 0x1p-24));
  const NamedTensors in{{"x", f32(dims, std::vector<float>(static_cast<size_t>(halves.count()), 0x1p-126f))},
                        {"half", halves}};
  for (const bool flushes : {false, true}) {
    ExecOptions options;
    options.flush_denormals = flushes;
    const NamedTensors out = Executor(g, options).run(in);
    const auto all_are = [&](const char* name, float want) {
      const std::vector<float> got = out.at(name).to_f32();
      return std::all_of(got.begin(), got.end(), [&](float v) { return v == want; });
    };
    CHECK(all_are("y", flushes ? 0.0f : 0x1p-127f));
    CHECK(all_are("z", 0x1p-23f));  // halves keep theirs
  }
}

TEST_CASE("inputs that do not fit are named, all at once", "[runtime]") {
  Net1 n;
  n.graph.input({DType::I64, {1}, {}}, "k");
  n.graph.set_outputs({n.x});
  Executor e(n.graph);
  try {
    e.run({{"x", f32({4}, {1, 2, 3, 4})}});
    FAIL("accepted");
  } catch (const UserError& error) {
    REQUIRE(error.diagnostics().size() == 2);
    CHECK(error.diagnostics()[0].code == ErrorCode::E3011);
    CHECK(error.diagnostics()[0].message == "input `x` is f32[4], expected f32[2,2]");
    CHECK(error.diagnostics()[1].message == "input `k` is missing");
  }
}

TEST_CASE("filters of a convolution may arrive at run time", "[runtime]") {
  Module module;
  Graph g("g", *module.constants);
  Value* x = g.input({DType::F32, {1, 1, 1, 3}, {}}, "x");
  Value* w = g.input({DType::F32, {1, 1, 1, 2}, {}}, "w");
  g.set_outputs({g.add<ops::Conv2d>({x, w}, {}, "y").out(0)});
  Executor e(g);
  for (const float k : {1.0f, 3.0f}) {
    const NamedTensors in{{"x", f32({1, 1, 1, 3}, {1, 2, 4})}, {"w", f32({1, 1, 1, 2}, {k, 1})}};
    CHECK(e.run(in).at("y").to_f32() == std::vector<float>{k + 2, 2 * k + 4});
  }
}

TEST_CASE("comparison figures", "[runtime]") {
  const Tensor want = f32({4}, {3, 0, 0, 4});
  const Comparison same = compare("t", want, want);
  CHECK((same.identical && same.cosine == 1 && same.euclidean == 1 && same.first_difference == -1));
  CHECK(std::isinf(same.sqnr_db));
  const Comparison off = compare("t", f32({4}, {3, 0, 0, 3}), want);
  CHECK(off.euclidean == Approx(0.8));
  CHECK(off.cosine == Approx(21 / (5 * std::sqrt(18.0))));
  CHECK(off.sqnr_db == Approx(10 * std::log10(25.0)));
  CHECK((off.max_abs == 1 && off.first_difference == 3 && !off.identical));
  CHECK(off.passes({0.9, 0.75}));
  CHECK_FALSE(off.passes({0.9, 0.85}));
}

TEST_CASE("comparison finds nan, infinity and constants on one side only", "[runtime]") {
  const Tensor plain = f32({3}, {1, 2, 3});
  CHECK(compare("t", f32({3}, {1, kNan, 3}), plain).problem == "nan at element 1, wanted 2");
  CHECK_FALSE(compare("t", plain, f32({3}, {1, kInf, 3})).problem.empty());
  CHECK_FALSE(compare("t", f32({3}, {1, -kInf, 3}), f32({3}, {1, kInf, 3})).problem.empty());
  CHECK(compare("t", f32({3}, {1, kNan, kInf}), f32({3}, {1, kNan, kInf})).passes({}));
  CHECK(compare("t", f32({3}, {2, 2, 2}), plain).problem == "every element is 2, wanted various values");
  CHECK_FALSE(compare("t", plain, f32({3}, {2, 2, 2})).problem.empty());
  CHECK(compare("t", f32({2}, {0, 0}), f32({2}, {0, 0})).passes({}));
  CHECK_FALSE(compare("t", f32({1}, {1}), f32({1}, {0})).passes({}));
  CHECK(compare("t", f32({1}, {1}), f32({}, {1})).passes({}));
  CHECK(compare("t", f32({3, 1}, {1, 2, 3}), plain).problem == "shape [3,1], wanted [3]");
}

TEST_CASE("comparison by name reports what one side lacks", "[runtime]") {
  std::vector<std::string> extra;
  const auto rows =
      compare_all({{"a", f32({1}, {1})}, {"c", f32({}, {1})}}, {{"a", f32({1}, {1})}, {"b", f32({}, {1})}}, &extra);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].passes({}));
  CHECK(rows[1].problem == "missing");
  CHECK(extra == std::vector<std::string>{"c"});
}

TEST_CASE("tensors survive an npz file", "[runtime]") {
  const std::string path = (std::filesystem::temp_directory_path() / "tpuc_runtime_test.npz").string();
  NamedTensors tensors;
  for (const DType t : {DType::F32, DType::F16, DType::F64, DType::I8, DType::U8, DType::I16, DType::U16, DType::I32,
                        DType::U32, DType::I64, DType::U64, DType::Bool}) {
    Tensor v(t, {2, 1});
    v.assign_f64(std::vector<double>{0, 1});
    tensors.emplace(std::string(to_string(t)), v);
  }
  write_tensors(path, tensors);
  const NamedTensors back = read_tensors(path);
  REQUIRE(back.size() == tensors.size());
  for (const auto& [name, t] : tensors) CHECK(identical(back.at(name), t));
  std::filesystem::remove(path);
}

TEST_CASE("bf16 and 4-bit integers become wider in npz", "[runtime]") {
  Tensor b(DType::BF16, {1}), n(DType::I4, {3});
  b.assign_f64(std::vector<double>{1.5});
  n.assign_f64(std::vector<double>{-8, 7, 1});
  CHECK(from_npy(to_npy(b), "b").type == TensorType{DType::F32, {1}, {}});
  CHECK(from_npy(to_npy(n), "n").to_f64() == std::vector<double>{-8, 7, 1});
  NpyArray text;
  text.dtype = "<U3";
  CHECK_THROWS_AS(from_npy(text, "t"), UserError);
}

}  // namespace
}  // namespace tpuc
