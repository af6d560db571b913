// Strides by layout against the place of every element by itself.
#include "backends/bm1684x/alloc/ddr_layout.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "backends/bm1684x/alloc/choose_layouts.h"
#include "backends/bm1684x/plan/kernel_harness.h"
#include "backends/bm1684x/plan/program.h"
#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

// Axes in any order in memory, with gaps anywhere.
DdrLayout random_layout(std::mt19937& rng, int64_t& elements) {
  std::vector<DdrLayout::Axis> axes(1 + rng() % 4);
  std::vector<size_t> order(axes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::shuffle(order.begin(), order.end(), rng);
  int64_t stride = 1;
  elements = 1;
  for (const size_t k : order) {
    axes[k] = {1 + static_cast<int64_t>(rng() % 6), stride};
    stride = stride * axes[k].extent + (rng() % 3 == 0 ? static_cast<int64_t>(rng() % 9) : 0);
    elements *= axes[k].extent;
  }
  return DdrLayout(axes);
}

Shape4 random_shape(std::mt19937& rng, std::initializer_list<int64_t> values) {
  Shape4 s;
  for (int64_t& x : s) x = values.begin()[rng() % values.size()];
  return s;
}

}  // namespace

TEST_CASE("a view is placed where its elements lie, or not at all", "[layout]") {
  std::mt19937 rng(5);
  int placed_views = 0;
  for (int round = 0; round < 20'000; ++round) {
    int64_t elements = 0;
    const DdrLayout layout = random_layout(rng, elements);
    const Shape4 dims = random_shape(rng, {1, 1, 2, 3, 4, 5}), strides = random_shape(rng, {0, 1, 2, 3, 4, 5, 6, 12});
    const int64_t first = static_cast<int64_t>(rng() % static_cast<uint64_t>(elements));
    int64_t last = first;
    for (size_t a = 0; a < 4; ++a) last += (dims[a] - 1) * strides[a];
    const auto placed = layout.place(first, dims, strides);
    if (!placed || (layout.is_plain() && last >= elements)) continue;
    REQUIRE(last < elements);
    ++placed_views;
    for (int64_t n = 0; n < dims[0]; ++n)
      for (int64_t c = 0; c < dims[1]; ++c)
        for (int64_t h = 0; h < dims[2]; ++h)
          for (int64_t w = 0; w < dims[3]; ++w) {
            const Shape4& p = placed->strides;
            REQUIRE(placed->first + n * p[0] + c * p[1] + h * p[2] + w * p[3] ==
                    layout.at(first + n * strides[0] + c * strides[1] + h * strides[2] + w * strides[3]));
          }
  }
  CHECK(placed_views > 1'000);
}

TEST_CASE("axes that one stride walks through are one", "[layout]") {
  CHECK(DdrLayout({{4, 12}, {3, 4}, {4, 1}}).is_plain());
  CHECK(DdrLayout({{4, 64}, {1, 7}, {32, 2}}) == DdrLayout({{4, 64}, {32, 2}}));
  CHECK(DdrLayout({{2, 128}, {2, 64}, {32, 2}}) == DdrLayout({{4, 64}, {32, 2}}));
  CHECK(DdrLayout({{4, 256}, {32, 1}}).span() == 3 * 256 + 32);
}

TEST_CASE("a small tensor between groups lies in several pages, with the results it had", "[layout]") {
  std::mt19937 rng(2);
  ConstantStore store;
  Graph g("net", store);
  const auto random_of = [&](Dims dims) {
    Tensor t(DType::F32, std::move(dims));
    for (float& x : t.as_mutable<float>()) x = static_cast<float>(rng() % 2001) / 1000 - 1;
    return t;
  };
  Value* x = g.input({DType::F32, {1, 32, 32}, {}}, "x");
  Value* y = g.add<ops::Relu>({x}).out(0);
  Value* z = g.add<ops::MatMul>({y, g.constant(random_of({32, 32}))}).out(0);  // sees rows where relu sees channels
  g.set_outputs({g.add<ops::Add>({y, g.add<ops::Relu>({z}).out(0)}).out(0)});
  PlanOptions alone;
  alone.group_layers = false;
  const Program p = build_program(g, alone);
  CHECK(p.ddr.layouts.contains(y));
  CHECK(p.ddr.layouts.contains(z));
  const Tensor input = random_of({1, 32, 32});
  const Tensor got = run_graph_on_chip(g, {{"x", input}}, alone).front();
  CHECK(identical(got, run_graph_on_chip(g, {{"x", input}}).front()));
}
