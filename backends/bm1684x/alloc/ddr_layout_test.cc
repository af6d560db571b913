// Strides by layout against the place of every element by itself.
#include "backends/bm1684x/alloc/ddr_layout.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>

#include "backends/bm1684x/alloc/choose_layouts.h"
#include "backends/bm1684x/plan/kernel_harness.h"
#include "backends/bm1684x/plan/program.h"
#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "ops/slice.h"

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

Tensor random_of(Dims dims, std::mt19937& rng) {
  Tensor t(DType::F32, std::move(dims));
  for (float& x : t.as_mutable<float>()) x = static_cast<float>(rng() % 2001) / 1000 - 1;
  return t;
}

int64_t dot(const Shape4& a, const Shape4& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]; }

template <class Fn>
void for_each_index(const Shape4& dims, const Fn& fn) {
  for (int64_t n = 0; n < dims[0]; ++n)
    for (int64_t c = 0; c < dims[1]; ++c)
      for (int64_t h = 0; h < dims[2]; ++h)
        for (int64_t w = 0; w < dims[3]; ++w) fn(Shape4{n, c, h, w});
}

}  // namespace

TEST_CASE("the pieces of a box lie where its elements lie, each element in one", "[layout]") {
  std::mt19937 rng(5);
  int boxes = 0, in_pieces = 0;
  for (int round = 0; round < 20'000; ++round) {
    int64_t elements = 0;
    const DdrLayout layout = random_layout(rng, elements);
    const Shape4 dims = random_shape(rng, {1, 1, 2, 3, 4, 12}), strides = random_shape(rng, {0, 1, 2, 3, 4, 5, 6, 12});
    const int64_t first = static_cast<int64_t>(rng() % static_cast<uint64_t>(elements));
    const std::vector<Piece> pieces = pieces_of(layout, first, dims, strides);
    if (pieces.empty() || layout.is_plain()) continue;
    ++boxes, in_pieces += pieces.size() > 1;
    std::map<Shape4, int64_t> seen;  // element: place
    for (const Piece& p : pieces)
      for_each_index(p.dims, [&](const Shape4& i) {
        Shape4 index = p.begin;
        for (size_t a = 0; a < 4; ++a) index[static_cast<size_t>(p.slot[a])] += i[a] * p.step[a];
        REQUIRE(seen.try_emplace(index, p.first + dot(i, p.strides)).second);
      });
    for_each_index(dims, [&](const Shape4& i) { REQUIRE(seen.at(i) == layout.at(first + dot(i, strides))); });
  }
  CHECK(boxes > 1'000);
  CHECK(in_pieces > 100);
}

TEST_CASE("axes that one stride walks through are one", "[layout]") {
  CHECK(DdrLayout({{4, 12}, {3, 4}, {4, 1}}).is_plain());
  CHECK(DdrLayout({{4, 64}, {1, 7}, {32, 2}}) == DdrLayout({{4, 64}, {32, 2}}));
  CHECK(DdrLayout({{2, 128}, {2, 64}, {32, 2}}) == DdrLayout({{4, 64}, {32, 2}}));
  CHECK(DdrLayout({{4, 256}, {32, 1}}).span() == 3 * 256 + 32);
}

TEST_CASE("users read permuted and sliced tensors where they lie", "[layout]") {
  std::mt19937 rng(4);
  ConstantStore store;
  Graph g("net", store);
  const Tensor input = random_of({8, 12, 96}, rng), weights = random_of({64, 40}, rng);
  // Windows of 4 x 6 of a map of 8 x 12 pixels, of which a product sees some of the channels.
  Value* x = g.add<ops::Relu>({g.input({DType::F32, {8, 12, 96}, {}}, "x")}).out(0);
  Value* v = g.add<ops::Reshape>({x}, {.shape = {2, 4, 2, 6, 96}}).out(0);
  v = g.add<ops::Permute>({v}, {.order = {0, 2, 1, 3, 4}}).out(0);
  v = g.add<ops::Reshape>({v}, {.shape = {96, 96}}).out(0);
  v = g.add<ops::Slice>({v}, {.starts = {0, 16}, .steps = {1, 1}, .sizes = {96, 64}}).out(0);
  Value* y = g.add<ops::MatMul>({v, g.constant(weights)}).out(0);
  const auto copies = [&] {
    const Program p = build_program(g, {});
    return std::count_if(p.schedule.computes.begin(), p.schedule.computes.end(),
                         [](const Compute& c) { return c.in_ddr; });
  };
  g.set_outputs({y, v});  // which then has to lie somewhere itself
  CHECK(copies() == 2);
  const Tensor expected = run_graph_on_chip(g, {{"x", input}}).front();
  g.set_outputs({y});
  CHECK(copies() == 0);
  CHECK(identical(run_graph_on_chip(g, {{"x", input}}).front(), expected));
}

TEST_CASE("a small tensor between groups lies in several pages, with the results it had", "[layout]") {
  std::mt19937 rng(2);
  ConstantStore store;
  Graph g("net", store);
  Value* x = g.input({DType::F32, {1, 32, 32}, {}}, "x");
  Value* y = g.add<ops::Relu>({x}).out(0);
  Value* z =
      g.add<ops::MatMul>({y, g.constant(random_of({32, 32}, rng))}).out(0);  // sees rows where relu sees channels
  g.set_outputs({g.add<ops::Add>({y, g.add<ops::Relu>({z}).out(0)}).out(0)});
  PlanOptions alone;
  alone.group_layers = false;
  const Program p = build_program(g, alone);
  CHECK(p.ddr.layouts.contains(y));
  CHECK(p.ddr.layouts.contains(z));
  const Tensor input = random_of({1, 32, 32}, rng);
  const Tensor got = run_graph_on_chip(g, {{"x", input}}, alone).front();
  CHECK(identical(got, run_graph_on_chip(g, {{"x", input}}).front()));
}
