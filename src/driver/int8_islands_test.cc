// Islands end where floats begin, and hold together by what is read in 8 bits.
#include "driver/int8_islands.h"

#include <catch2/catch.hpp>

#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

using Names = std::vector<std::string>;

Names names_of(const std::vector<const Op*>& ops) {
  Names names;
  for (const Op* op : ops) names.push_back(op->out(0)->name);
  return names;
}

std::vector<Int8Island> islands_of(const Module& module) {
  const Graph& graph = *module.nets.front().stages.front();
  Quantization how;
  for (const auto& v : graph.inputs()) how.ranges[v->name] = {-1, 1};
  for (const Op& op : graph.ops()) how.ranges[op.out(0)->name] = {-1, 1};
  return int8_islands(graph, plan_quantization(graph, how));
}

}  // namespace

TEST_CASE("islands of 8 bits end at operators in floats", "[int8-islands]") {
  const Module module = parse_module(R"(graph @g(%x: f32[1,2,4,4]) -> (%y) {
  %w = const [1, 2, 3, 4] : f32[2,2,1,1]
  %a = conv2d(%x, %w) : f32[1,2,4,4]
  %b = relu(%a) : f32[1,2,4,4]
  %c = conv2d(%b, %w) : f32[1,2,4,4]
  %d = log_softmax(%c) {axis=1} : f32[1,2,4,4]
  %y = conv2d(%d, %w) : f32[1,2,4,4]
})");
  const auto islands = islands_of(module);
  REQUIRE(islands.size() == 2);
  CHECK(names_of(islands[0].ops) == Names{"a", "b", "c"});
  CHECK(names_of(islands[0].shores) == Names{"d"});
  CHECK(names_of(islands[1].ops) == Names{"y"});
  CHECK(names_of(islands[1].shores) == Names{"d"});
}

TEST_CASE("operators that read the same 8 bits are of one island", "[int8-islands]") {
  const Module module = parse_module(R"(graph @g(%x: f32[4,4]) -> (%y) {
  %w = const [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] : f32[4,4]
  %s = softmax(%x) {axis=1} : f32[4,4]
  %a = matmul(%s, %w) : f32[4,4]
  %b = matmul(%s, %w) {transpose_b=true} : f32[4,4]
  %e = exp(%a) : f32[4,4]
  %y = div(%e, %b) : f32[4,4]
})");
  const auto islands = islands_of(module);
  REQUIRE(islands.size() == 1);
  CHECK(names_of(islands[0].ops) == Names{"a", "b"});
  CHECK(names_of(islands[0].shores) == Names{"s", "e", "y"});
}

}  // namespace tpuc
