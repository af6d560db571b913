// Tensors that stay in the layouts of convolutions: the same bits as with every tensor in the graph's own.
#include "runtime/layouts.h"

#include <catch2/catch.hpp>
#include <random>

#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {
namespace {

Tensor random_of(Dims dims, std::mt19937& rng) {
  Tensor t(DType::F32, std::move(dims));
  for (float& x : t.as_mutable<float>()) x = static_cast<float>(rng() % 2001) / 1000 - 1;
  return t;
}

Value* conv(Graph& g, std::mt19937& rng, Value* v, int64_t channels, int64_t group) {
  Value* w = g.constant(random_of({channels, v->type.dims[1] / group, 3, 3}, rng));
  return g.add<ops::Conv2d>({v, w}, {.pads = {1, 1, 1, 1}, .group = group}).out(0);
}

// Results with several readers, of which some want rows; operands of other sizes; outputs in the middle.
void random_net(Graph& g, std::mt19937& rng, int64_t channels) {
  Value* x = g.input({DType::F32, {2, 3, 13, 17}, {}}, "x");
  std::vector<Value*> made{conv(g, rng, x, channels, 1)}, outputs;
  for (int k = 0; k < 14; ++k) {
    Value* v = made[made.size() - 1 - rng() % std::min<size_t>(3, made.size())];
    switch (rng() % 7) {
      case 0:
        v = g.add<ops::Silu>({v}).out(0);
        break;
      case 1:
        v = g.add<ops::Add>({v, made.back()}).out(0);
        break;
      case 2:
        v = g.add<ops::MaxPool2d>({v}, {.kernel = {3, 3}, .strides = {1, 1}, .pads = {1, 1, 1, 1}}).out(0);
        break;
      case 3:
        v = g.add<ops::Mul>({v, g.constant(random_of({rng() % 2 == 0 ? 1 : channels, 1, 1}, rng))}).out(0);
        break;
      case 4:
        v = conv(g, rng, v, channels, channels);
        break;
      default:
        v = conv(g, rng, v, channels, 1);
    }
    made.push_back(v);
    if (rng() % 5 == 0) outputs.push_back(v);
  }
  outputs.push_back(g.add<ops::Reshape>({made.back()}, {.shape = {2, channels * 13 * 17}}).out(0));
  outputs.push_back(made.back());
  g.set_outputs(outputs);
  g.dce();
}

TEST_CASE("layouts inside the executor do not show", "[runtime]") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 rng(seed);
    ConstantStore store;
    Graph g("net", store);
    const int64_t channels[] = {4, 16, 24, 48};
    random_net(g, rng, channels[seed % 4]);
    const NamedTensors inputs{{"x", random_of({2, 3, 13, 17}, rng)}};
    ExecOptions watched;
    watched.hook = [](const Value&, const Tensor&) {};  // sees every tensor as the graph has it
    const NamedTensors want = Executor(g, watched).run(inputs);
    Executor executor(g);
    for (int run = 0; run < 2; ++run) {
      const NamedTensors got = executor.run(inputs);
      REQUIRE(got.size() == want.size());
      for (const auto& [name, t] : want) CHECK(identical(got.at(name), t));
    }
  }
}

TEST_CASE("products of matrices are the same on any number of threads", "[runtime]") {
  std::mt19937 rng(5);
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    ConstantStore store;
    Graph g("net", store);
    const auto extent = [&] { return 1 + static_cast<int64_t>(rng() % 90); };
    const int64_t batch = 1 + static_cast<int64_t>(rng() % 5), m = extent(), k = 8 * extent(), n = extent();
    ops::MatMul::Attrs attrs;
    Dims a{batch, m, k}, b{batch, k, n};
    if (round % 2 == 0) {  // heads inside, as attention has them
      a = {m, batch, k}, b = {n, batch, k};
      attrs.order_a = {1, 0, 2}, attrs.order_b = {1, 2, 0};
    }
    Value* x = g.input({DType::F32, a, {}}, "x");
    Value* y = g.input({DType::F32, b, {}}, "y");
    g.set_outputs({g.add<ops::MatMul>({x, y}, attrs, "z").out(0)});
    const NamedTensors inputs{{"x", random_of(a, rng)}, {"y", random_of(b, rng)}};
    const auto result = [&](unsigned threads) {
      ExecOptions options;
      options.threads = threads;
      return Executor(g, options).run(inputs).at("z");
    };
    const Tensor one = result(1);
    for (const unsigned threads : {2U, 3U, 4U, 8U}) {
      CAPTURE(threads);
      CHECK(identical(result(threads), one));
    }
  }
}

}  // namespace
}  // namespace tpuc
