// The whole path on random small networks: any budget of local memory and any order of the engines, the same result.
#include "backends/bm1684x/plan/program.h"

#include <catch2/catch.hpp>
#include <random>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/cycles/timeline.h"
#include "backends/bm1684x/plan/chain.h"
#include "backends/bm1684x/plan/kernel_harness.h"
#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/pool.h"
#include "ops/shape.h"
#include "ops/slice.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

Tensor random_of(Dims dims, std::mt19937& rng, float scale) {
  Tensor t(DType::F32, std::move(dims));
  for (float& x : t.as_mutable<float>()) x = scale * (static_cast<float>(rng() % 2001) / 1000 - 1);
  return t;
}

Value* mix_channels(Graph& g, Value* v, int64_t channels, std::mt19937& rng) {
  return g.add<ops::Conv2d>({v, g.constant(random_of({channels, v->type.dims[1], 1, 1}, rng, 0.3F))}).out(0);
}

// A chain with side branches: convolutions, activations, adds, a concatenation, pools.
Value* random_net(Graph& g, Value* x, std::mt19937& rng) {
  std::vector<Value*> same{x};
  for (int k = 0; k < 7; ++k) {
    Value* v = same[rng() % same.size()];
    const int64_t c = v->type.dims[1];
    switch (rng() % 5) {
      case 0:
        v = g.add<ops::Silu>({v}).out(0);
        break;
      case 1:
        v = g.add<ops::Add>({v, same.back()}).out(0);
        break;
      case 2:
        v = g.add<ops::MaxPool2d>({v}, {.kernel = {3, 3}, .strides = {1, 1}, .pads = {1, 1, 1, 1}}).out(0);
        break;
      case 3: {
        Value* w = g.constant(random_of({c, 1, 3, 3}, rng, 0.4F));
        v = g.add<ops::Conv2d>({v, w}, {.pads = {1, 1, 1, 1}, .group = c}).out(0);
        break;
      }
      default: {
        Value* w = g.constant(random_of({c, c, 3, 3}, rng, 0.2F));
        v = g.add<ops::Conv2d>({v, w, g.constant(random_of({c}, rng, 1))}, {.pads = {1, 1, 1, 1}}).out(0);
      }
    }
    same.push_back(v);
  }
  return g.add<ops::Concat>({same[same.size() - 2], same.back()}, {.axis = 1}).out(0);
}

}  // namespace

TEST_CASE("results do not depend on the tiling, the groups or the order of the engines", "[plan]") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    std::mt19937 rng(seed);
    ConstantStore store;
    Graph g("net", store);
    // Parts of 64 channels are concatenated in local memory.
    const int64_t channels = seed % 2 == 0 ? 64 : 3 + static_cast<int64_t>(rng() % 70);
    const Dims dims{1 + static_cast<int64_t>(rng() % 2), channels, 12 + static_cast<int64_t>(rng() % 30),
                    10 + static_cast<int64_t>(rng() % 40)};
    Value* x = g.input({DType::F32, dims, {}}, "x");
    g.set_outputs({random_net(g, x, rng)});
    g.dce();
    const std::map<std::string, Tensor> inputs{{"x", random_of(dims, rng, 1)}};
    const Tensor whole = run_graph_on_chip(g, inputs).front();
    for (const int64_t divisor : {2, 4, 8, 16}) {
      CAPTURE(divisor);
      PlanOptions less;
      less.lane_bytes = kLaneRoom / divisor;
      CHECK(identical(run_graph_on_chip(g, inputs, less).front(), whole));
    }
    PlanOptions alone;
    alone.group_layers = false;
    CHECK(identical(run_graph_on_chip(g, inputs, alone).front(), whole));
  }
}

TEST_CASE("large ops that feed each other run as a chain", "[plan]") {
  std::mt19937 rng(3);
  ConstantStore store;
  Graph g("net", store);
  Value* x = g.input({DType::F32, {1, 8, 96, 128}, {}}, "x");
  Value* y = g.add<ops::Conv2d>({x, g.constant(random_of({8, 8, 3, 3}, rng, 0.3F))}, {.pads = {1, 1, 1, 1}}).out(0);
  y = g.add<ops::Silu>({y}).out(0);
  y = g.add<ops::Conv2d>({y, g.constant(random_of({8, 8, 3, 3}, rng, 0.3F))}, {.strides = {2, 2}, .pads = {1, 1, 1, 1}})
          .out(0);
  g.set_outputs({y});
  PlanOptions less;
  less.lane_bytes = 100 * 1024;
  const auto groups = plan_groups(g, less);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].ops.size() == 3);
  CHECK(groups[0].chain.size() > 1);
  const std::map<std::string, Tensor> inputs{{"x", random_of({1, 8, 96, 128}, rng, 1)}};
  CHECK(identical(run_graph_on_chip(g, inputs, less).front(), run_graph_on_chip(g, inputs).front()));
}

TEST_CASE("parts of a concatenation and what two ops read do not pass through DDR twice", "[plan]") {
  std::mt19937 rng(5);
  ConstantStore store;
  Graph g("net", store);
  const Dims dims{1, 64, 20, 20};
  Value* x = g.input({DType::F32, dims, {}}, "x");
  Value* skip = g.input({DType::F32, dims, {}}, "skip");
  const auto conv = [&](Value* v, int64_t channels) { return mix_channels(g, v, channels, rng); };
  Value* a = g.add<ops::Silu>({conv(x, 64)}).out(0);
  Value* b = conv(x, 100);  // reads what the first has loaded; ends inside a row of lanes
  Value* all = g.add<ops::Concat>({a, skip, b, conv(b, 64), a}, {.axis = 1}).out(0);
  g.set_outputs({conv(all, 16)});
  PlanOptions alone;
  alone.group_layers = false;
  const Program p = build_program(g, {});
  const auto count = [&](const Value* v) {
    return std::count_if(p.schedule.loads.begin(), p.schedule.loads.end(), [&](const Load& l) { return l.value == v; });
  };
  CHECK(count(x) == 1);
  CHECK(count(all) == 0);
  CHECK(count(b) == 0);
  CHECK(count(skip) == 1);
  // The part behind the 100 channels begins in lane 36, and one tensor cannot be made in two places.
  CHECK(p.schedule.stores.size() == 3);
  const std::map<std::string, Tensor> inputs{{"x", random_of(dims, rng, 1)}, {"skip", random_of(dims, rng, 1)}};
  CHECK(identical(run_graph_on_chip(g, inputs).front(), run_graph_on_chip(g, inputs, alone).front()));
}

TEST_CASE("a group ends where little lives, not where no more fits", "[plan]") {
  std::mt19937 rng(6);
  ConstantStore store;
  Graph g("net", store);
  const Dims dims{1, 16, 64, 64};
  Value* x = g.input({DType::F32, dims, {}}, "x");
  const auto conv = [&](Value* v, int64_t channels) { return mix_channels(g, v, channels, rng); };
  Value* wide = conv(conv(x, 16), 96);
  Value* active = g.add<ops::Silu>({wide}).out(0);
  g.set_outputs({conv(active, 16)});
  PlanOptions less;
  less.lane_bytes = 72 * 1024;  // the wide tensor fits beside what it is made of, not beside its activation
  const Program p = build_program(g, less);
  CHECK(p.schedule.stores.size() > 1);
  for (const Store& s : p.schedule.stores) CHECK((s.value != wide && s.value != active));
  const std::map<std::string, Tensor> inputs{{"x", random_of(dims, rng, 1)}};
  CHECK(identical(run_graph_on_chip(g, inputs, less).front(), run_graph_on_chip(g, inputs).front()));
}

TEST_CASE("an op whose smallest tile does not fit is refused with the sizes", "[plan]") {
  ConstantStore store;
  Graph g("net", store);
  Value* x = g.input({DType::F32, {1, 64, 40, 40}, {}}, "x");
  g.set_outputs({g.add<ops::Conv2d>({x, g.constant(Tensor(DType::F32, {64, 64, 3, 3}), "w")}, {}, "y").out(0)});
  PlanOptions little;
  little.lane_bytes = 2048;
  try {
    plan_groups(g, little);
    FAIL("it was planned");
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E4001);
    CHECK(e.diagnostics().front().message.find("the smallest tile takes") != std::string::npos);
  }
}

TEST_CASE("the memory of activations is used again", "[plan]") {
  ConstantStore store;
  Graph g("net", store);
  Value* v = g.input({DType::F32, {1, 64, 32, 32}, {}}, "x");
  for (int i = 0; i < 10; ++i) v = g.add<ops::Relu>({v}).out(0);
  g.set_outputs({v});
  PlanOptions alone;
  alone.group_layers = false;
  const Program p = build_program(g, alone);
  CHECK(p.ddr.lower_bound_bytes == 64 * 32 * 32 * 4);  // each in the place of its input
  CHECK(p.ddr.context_bytes == p.ddr.lower_bound_bytes);
}

TEST_CASE("small constants of a group come in one transfer", "[plan]") {
  std::mt19937 rng(5);
  ConstantStore store;
  Graph g("net", store);
  Value* v = g.input({DType::F32, {1, 40, 12, 12}, {}}, "x");
  for (int i = 0; i < 5; ++i)
    v = g.add<ops::Conv2d>({v, g.constant(random_of({40, 1, 3, 3}, rng, 0.4F))}, {.pads = {1, 1, 1, 1}, .group = 40})
            .out(0);
  g.set_outputs({v});
  const Program p = build_program(g, {});
  CHECK(p.schedule.images.size() == 5);
  REQUIRE(p.schedule.blocks.size() == 1);
  for (size_t i = 1; i < 5; ++i)
    CHECK(p.schedule.images[i].offset_bytes >=
          p.schedule.images[i - 1].offset_bytes + p.schedule.images[i - 1].lane_bytes);
  CHECK(std::count_if(p.schedule.loads.begin(), p.schedule.loads.end(), [](const Load& l) { return l.block >= 0; }) ==
        1);
  PlanOptions alone;
  alone.group_layers = false;
  CHECK(build_program(g, alone).schedule.blocks.size() == 5);
  const std::map<std::string, Tensor> inputs{{"x", random_of({1, 40, 12, 12}, rng, 1)}};
  CHECK(identical(run_graph_on_chip(g, inputs, alone).front(), run_graph_on_chip(g, inputs).front()));
}

TEST_CASE("constants that several ops read alike are stored once, and loaded once in a group", "[plan]") {
  std::mt19937 rng(6);
  const Tensor large = random_of({48, 48, 3, 3}, rng, 0.1F), other = random_of({48, 48, 3, 3}, rng, 0.1F),
               small = random_of({48, 1, 3, 3}, rng, 0.3F);
  const std::map<std::string, Tensor> inputs{{"x", random_of({1, 48, 9, 9}, rng, 1)}};
  for (const bool shared : {true, false}) {
    ConstantStore store;
    Graph g("net", store);
    Value* v = g.input({DType::F32, {1, 48, 9, 9}, {}}, "x");
    for (int i = 0; i < 6; ++i) {  // twice each filter after the other: groups differ by what is shared alone
      Value* filter = g.constant(shared || i % 2 == 0 ? large : other);
      v = g.add<ops::Conv2d>({v, filter}, {.pads = {1, 1, 1, 1}}).out(0);
      v = g.add<ops::Conv2d>({v, g.constant(small)}, {.pads = {1, 1, 1, 1}, .group = 48}).out(0);
    }
    g.set_outputs({v});
    const Program p = build_program(g, {});
    CHECK(p.schedule.images.size() == (shared ? 2 : 3));
    CHECK(p.schedule.blocks.size() == p.schedule.images.size());
    const Tensor whole = run_graph_on_chip(g, inputs).front();
    for (const int64_t lane_bytes : {12'000, 20'000, 40'000, 80'000}) {
      PlanOptions less;
      less.lane_bytes = lane_bytes;
      CHECK(identical(run_graph_on_chip(g, inputs, less).front(), whole));
    }
    PlanOptions alone;
    alone.group_layers = false;
    const Program one_by_one = build_program(g, alone);
    CHECK(one_by_one.schedule.images.size() == (shared ? 1 : 2) + 6);  // small ones come with others of their group
    CHECK(identical(run_graph_on_chip(g, inputs, alone).front(), whole));
  }
}

TEST_CASE("the time predicted while commands are emitted is that of the finished streams", "[plan]") {
  std::mt19937 rng(9);
  ConstantStore store;
  Graph g("net", store);
  Value* x = g.input({DType::F32, {1, 70, 30, 40}, {}}, "x");
  g.set_outputs({random_net(g, x, rng)});
  g.dce();
  PlanOptions less;
  less.lane_bytes = kLaneRoom / 8;
  const Program p = build_program(g, less);
  std::vector<bmodel::CommandGroup> sources;
  for (const CommandGroup& c : p.groups)
    sources.push_back({c.tiu_count, c.gdma_count, std::as_bytes(std::span(c.tiu)), std::as_bytes(std::span(c.gdma))});
  std::vector<bmodel::StageGroup> groups;
  for (const bmodel::CommandGroup& c : sources)
    groups.push_back({"test", groups.size(), &c, bmodel::decode_group(c, "test")});
  CHECK(p.predicted_cycles > 0);
  CHECK(make_timeline(groups).total_cycles == p.predicted_cycles);
}
