// Integers stay where there is much to multiply, and leave where there is not. Times are made up: so much for each
// operator in 8 bits and in floats, and for each cast.
#include "driver/slow_islands.h"

#include <catch2/catch.hpp>

#include "driver/float_types.h"
#include "driver/tensors.h"
#include "quant/calibrate.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

// Three islands of matrices between divisions, which have no place in 8 bits. `gain` scales what goes into the last.
Module three_islands(float gain) {
  return parse_module(fmt::format(R"(graph @g(%x: f32[8,2]) -> (%y) {{
  %w = const [0.5, 0.3, -0.7, 0.4] : f32[2,2]
  %k = const [0.7] : f32[1]
  %g = const [{}] : f32[1]
  %a = matmul(%x, %w) : f32[8,2]
  %b = matmul(%a, %w) : f32[8,2]
  %d = div(%b, %k) : f32[8,2]
  %l = matmul(%d, %w) : f32[8,2]
  %e = div(%l, %g) : f32[8,2]
  %y = matmul(%e, %w) : f32[8,2]
}}
)",
                                  1 / gain));
}

struct Cost {
  int64_t int8 = 0, floats = 0;
};
using Costs = std::map<std::string, Cost>;

struct Case {
  explicit Case(Module m) : module(std::move(m)) {
    const Graph& graph = *module.nets.front().stages.front();
    for (uint64_t seed = 1; seed <= 2; ++seed) samples.push_back(random_inputs(inputs_of(graph), seed));
    const quant::SampleSource source{samples.size(), [&](size_t i) { return samples[i]; },
                                     [](size_t i) { return std::to_string(i); }};
    table = quant::calibrate(graph, source, {}).table;
  }

  SlowIslands found(const Costs& costs, int64_t cast_cycles) const {
    const auto backend = make_backend("bm1684x");
    const TableTrials trials(module, {samples, false, 0}, *backend);
    SlowIslandsRequest request{&trials, &table, {}, {}, {}};
    request.predict = [&](const CalibrationTable& t) {
      return times(trials.graph(), trials.plan(t), costs, cast_cycles);
    };
    request.int8 = *request.predict(table);
    request.f16 = times(trials.graph(), {}, costs, cast_cycles);
    return leave_slow_islands(request);
  }

  static LayerTimes times(const Graph& graph, const QuantizePlan& plan, const Costs& costs, int64_t cast_cycles) {
    LayerTimes out;
    const auto is_int8 = [&](const Op* op) { return op != nullptr && plan.form_of(*op).has_value(); };
    for (const Op& op : graph.ops()) {
      const auto row = costs.find(op.out(0)->name);
      const Cost cost = row == costs.end() ? Cost{} : row->second;
      int64_t& cycles = out.layers[op.out(0)->name];
      cycles = is_int8(&op) ? cost.int8 : cost.floats;
      for (const Value* v : op.in()) cycles += !v->is_constant() && is_int8(v->def) != is_int8(&op) ? cast_cycles : 0;
      out.total += cycles;
    }
    return out;
  }

  Module module;
  std::vector<NamedTensors> samples;
  CalibrationTable table;
};

using Names = std::vector<std::string>;
const Costs kMuchInTheFirst = {{"a", {50, 100}}, {"b", {50, 100}}, {"l", {5, 10}}, {"y", {5, 10}}};

}  // namespace

TEST_CASE("an island of a cheap operator leaves 8 bits, one of heavy ones stays", "[slow-islands]") {
  const Case with(three_islands(1));
  const SlowIslands slow = with.found(kMuchInTheFirst, 20);
  CHECK(slow.floats == Names{"l", "y"});
  CHECK(slow.table.ranges.at("l").precision == DType::F16);
  CHECK(slow.table.ranges.at("y").precision == DType::F16);
  CHECK(slow.table.ranges.at("e").float_type == DType::F16);
  CHECK_FALSE(slow.table.ranges.at("a").precision);
  CHECK_FALSE(slow.all_leave);
  CHECK(slow.times.total == 160);
}

TEST_CASE("nothing leaves 8 bits where all of it pays", "[slow-islands]") {
  const Case with(three_islands(1));
  const SlowIslands slow = with.found(kMuchInTheFirst, 1);
  CHECK(slow.floats.empty());
  CHECK(slow.table == with.table);
}

TEST_CASE("where no island pays, none is left", "[slow-islands]") {
  const Case with(three_islands(1));
  const SlowIslands slow = with.found(kMuchInTheFirst, 200);
  CHECK(slow.floats == Names{"a", "b", "l", "y"});
  CHECK(slow.all_leave);
  CHECK(slow.times.total == 220);
}

TEST_CASE("an island near the end of F16's range stays in 8 bits", "[slow-islands]") {
  const Case with(three_islands(1e6f));
  const SlowIslands slow = with.found(kMuchInTheFirst, 20);
  CHECK(slow.floats == Names{"l"});
}

TEST_CASE("an island of convolutions that is most of a network stays in 8 bits", "[slow-islands]") {
  const Case with(parse_module(R"(graph @g(%x: f32[1,2,8,8]) -> (%y) {
  %w = const [0.5, 0.3, -0.7, 0.4] : f32[2,2,1,1]
  %k = const [0.7] : f32[1]
  %a = conv2d(%x, %w) : f32[1,2,8,8]
  %b = conv2d(%a, %w) : f32[1,2,8,8]
  %d = div(%b, %k) : f32[1,2,8,8]
  %y = conv2d(%d, %w) : f32[1,2,8,8]
})"));
  CHECK(with.found({{"a", {50, 10}}, {"b", {50, 10}}, {"y", {50, 10}}}, 20).floats == Names{"y"});
}

TEST_CASE("the table without slow islands compiles to what is predicted", "[slow-islands]") {
  const Case with(three_islands(1));
  const auto backend = make_backend("bm1684x");
  const TableTrials trials(with.module, {with.samples, false, 0}, *backend);
  const auto int8 = trials.times(with.table), f16 = trials.times(with.table, Precision::F16);
  REQUIRE(int8);
  REQUIRE(f16);
  const SlowIslands slow = leave_slow_islands({&trials, &with.table, *int8, *f16, {}});
  CHECK(slow.times.total <= std::min(int8->total, f16->total));
  CHECK(trials.times(slow.table)->total == slow.times.total);
}

}  // namespace tpuc
