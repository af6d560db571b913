// Ranges of command ids mean something only together with their group of streams.
#include "backends/bm1684x/driver/debug_ranges.h"

#include <catch2/catch.hpp>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "ops/activation.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

TEST_CASE("a tile whose commands a new group parts is found by those in the new one", "[driver]") {
  ConstantStore store;
  Graph graph("g", store);
  graph.set_outputs({graph.add<ops::Relu>({graph.input({DType::F32, {2, 3}, {}}, "x")}).out(0)});
  Program p = build_program(graph, {});
  REQUIRE(p.schedule.computes.size() == 1);
  p.spans = {{0, 0, 60000, 60001, 0, 0}, {65000, 65500, 0, 0, 0, 0}, {1, 7, 0, 0, 1, 0}, {0, 0, 3, 3, 1, 0}};
  const auto info = bmodel::debug_info_from_json(debug_ranges(graph, p, {}));
  REQUIRE(info);
  const bmodel::LayerIndex index(info);
  CHECK(index.find(Engine::Tiu, 1, 7) == 0);
  CHECK(index.find(Engine::Gdma, 1, 3) == 0);
  CHECK(index.find(Engine::Tiu, 1, 65000) == -1);
  CHECK(index.find(Engine::Gdma, 1, 60001) == -1);
}
