// Plans of repeated blocks: the same with and without memo, at every budget and on any number of threads.
#include "backends/bm1684x/plan/plan_memo.h"

#include <catch2/catch.hpp>
#include <random>

#include "backends/bm1684x/plan/program.h"
#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/softmax.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

Tensor random_of(Dims dims, std::mt19937& rng) {
  Tensor t(DType::F32, std::move(dims));
  for (float& x : t.as_mutable<float>()) x = static_cast<float>(rng() % 2001) / 1000 - 1;
  return t;
}

// Blocks of convolutions with a branch around them; all equal but for their weights.
void convolutions(Graph& g, std::mt19937& rng, int64_t channels, int64_t rows) {
  Value* x = g.input({DType::F32, {1, channels, rows, 40}, {}}, "x");
  for (int block = 0; block < 5; ++block) {
    Value* y = x;
    for (int k = 0; k < 2; ++k)
      y = g.add<ops::Conv2d>({y, g.constant(random_of({channels, channels, 3, 3}, rng))}, {.pads = {1, 1, 1, 1}})
              .out(0);
    y = g.add<ops::Silu>({y}).out(0);
    x = g.add<ops::Add>({x, y}).out(0);
  }
  x = g.add<ops::MaxPool2d>({x}, {.kernel = {2, 2}, .strides = {2, 2}}).out(0);
  g.set_outputs({x});
}

// Blocks of attention without heads.
void attention(Graph& g, std::mt19937& rng, int64_t width, int64_t rows) {
  Value* x = g.input({DType::F32, {1, rows, width}, {}}, "x");
  const auto product = [&](Value* v) {
    return g.add<ops::MatMul>({v, g.constant(random_of({width, width}, rng))}).out(0);
  };
  for (int block = 0; block < 4; ++block) {
    Value* gamma = g.constant(random_of({width}, rng));
    Value* v = g.add<ops::LayerNorm>({x, gamma, g.constant(random_of({width}, rng))}, {.axis = 2}).out(0);
    Value* scores = g.add<ops::MatMul>({product(v), product(v)}, {.transpose_b = true}).out(0);
    scores = g.add<ops::Softmax>({scores}, {.axis = 2}).out(0);
    x = g.add<ops::Add>({x, product(g.add<ops::MatMul>({scores, product(v)}).out(0))}).out(0);
  }
  g.set_outputs({x});
}

struct Bytes {
  std::vector<CommandGroup> commands;
  std::vector<std::byte> weights;
  Bytes(const Graph& g, const PlanOptions& options) {
    Program p = build_program(g, options);
    weights.resize(static_cast<size_t>(p.ddr.coefficients.bytes));
    pack_coefficients(p, weights, options.threads);
    commands = std::move(p.groups);
  }
  bool operator==(const Bytes& other) const {
    return weights == other.weights &&
           std::equal(commands.begin(), commands.end(), other.commands.begin(), other.commands.end(),
                      [](const CommandGroup& a, const CommandGroup& b) { return a.tiu == b.tiu && a.gdma == b.gdma; });
  }
};

using Build = void (*)(Graph&, std::mt19937&, int64_t, int64_t);

}  // namespace

TEST_CASE("what repeats is planned once, with the plan it had alone", "[plan]") {
  for (const Build build : {Build{convolutions}, Build{attention}})
    for (const int64_t divisor : {1, 2, 4, 8, 16}) {
      CAPTURE(build == convolutions, divisor);
      std::mt19937 rng(7);
      ConstantStore store;
      Graph g("net", store);
      build(g, rng, 64, 48);
      PlanOptions options;
      options.lane_bytes = kLaneRoom / divisor;
      const Bytes with(g, options);
      options.plan_repeats_once = false;
      CHECK(Bytes(g, options) == with);
      options.plan_repeats_once = true;
      for (const unsigned threads : {1U, 2U, 4U}) {
        options.threads = threads;
        CHECK(Bytes(g, options) == with);
      }
    }
}

TEST_CASE("kinds of ops: weights do not matter, numbers and indices do", "[plan]") {
  std::mt19937 rng(1);
  ConstantStore store;
  Graph g("net", store);
  Value* x = g.input({DType::F32, {1, 8, 8, 8}, {}}, "x");
  const Aliases aliases(g);
  PlanMemo memo(g, aliases, true);
  const auto conv = [&] { return memo.kind_of(g.add<ops::Conv2d>({x, g.constant(random_of({8, 8, 1, 1}, rng))})); };
  const auto times = [&](float factor) {
    return memo.kind_of(g.add<ops::Mul>({x, g.constant(Tensor::from_f32({}, std::span(&factor, 1)))}));
  };
  const auto gather = [&](std::vector<int64_t> indices) {
    return memo.kind_of(g.add<ops::Gather>({x, g.constant(Tensor::from_i64({2}, indices))}, {.axis = 1}));
  };
  CHECK(conv() == conv());
  CHECK(times(2) == times(2));
  CHECK(times(2) != times(3));
  CHECK(gather({0, 1}) == gather({0, 1}));
  CHECK(gather({0, 1}) != gather({1, 0}));
  CHECK(conv() != times(2));
}
