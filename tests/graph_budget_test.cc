// Random graphs on the simulated chip: whatever local memory they are planned for, down to a sixteenth, and whichever
// engine runs ahead, the result is the same, bit for bit, and near the reference's.
//   TPUC_SEED=N   the first seed (default 1)      TPUC_GRAPHS=N   how many (default 40)
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "backends/bm1684x/plan/kernel_harness.h"
#include "evaluate_graph.h"
#include "graph_gen.h"
#include "tpuc/backend/backend.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"

namespace tpuc::test {
namespace {

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

using Named = std::map<std::string, Tensor>;

// What the chip runs, or nothing where it lacks a kernel: that is another test's business.
bool lower(Module& m, DType precision, const Backend& backend) {
  PassOptions options;
  options.precision = precision;
  options.supports = [&](const Op& op, DType t) { return backend.supports(op, t).ok; };
  run_pipeline(m, options);
  for (const Op& op : m.nets[0].stages[0]->ops())
    if (!backend.supports(op, precision).ok) return false;
  return true;
}

// The outputs in a budget; nothing where an op's smallest tile does not fit, which the planner says by E4001.
std::optional<std::vector<Tensor>> run_in(const Graph& g, const Named& inputs, int64_t lane_bytes, bool groups) {
  bm1684x::PlanOptions plan;
  plan.lane_bytes = lane_bytes;
  plan.group_layers = groups;
  try {
    return bm1684x::run_graph_on_chip(g, inputs, plan);
  } catch (const UserError& e) {
    if (e.diagnostics().front().code != ErrorCode::E4001) throw;
    return {};
  }
}

bool identical_lists(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Tensor& x, const Tensor& y) { return identical(x, y); });
}

// All four orders, through a bmodel and its simulator.
bool orders_agree(const Graph& g, const Named& inputs, DType precision, const Backend& backend) {
  BackendOptions options;
  options.precision = precision;
  options.net_name = "random";
  const CompiledNet net = backend.compile(g, options);
  std::optional<Named> first;
  for (const EngineOrder order : {EngineOrder::Tiu, EngineOrder::Gdma, EngineOrder::Alternate, EngineOrder::Random}) {
    ArtifactRun how;
    how.net = "random";
    how.stage = 0;
    how.order = order;
    Named got = backend.run(net.bytes, inputs, how).tensors;
    if (!first)
      first = std::move(got);
    else
      for (const auto& [name, t] : *first)
        if (!identical(t, got.at(name))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("random graphs give the same bytes in any local memory and any order", "[budget]") {
  const uint64_t start = setting("TPUC_SEED", 1), count = setting("TPUC_GRAPHS", 40);
  const auto backend = make_bm1684x_backend();
  int run = 0, refused = 0, budgets = 0, too_small = 0;
  for (uint64_t seed = start; seed < start + count; ++seed) {
    INFO("TPUC_SEED=" << seed);
    std::mt19937_64 random(seed);
    const DType precision = random() % 2 == 0 ? DType::F32 : DType::F16;
    const int64_t scale = std::vector<int64_t>{1, 4, 16, 40}[random() % 4];
    Module m = random_module(seed, {.ops = scale > 4 ? 8 : 20, .scale = scale});
    if (!lower(m, precision, *backend)) {
      ++refused;
      continue;
    }
    const Graph& g = *m.nets[0].stages[0];
    Named inputs;
    const std::vector<Tensor> values = random_inputs(g, seed);
    for (size_t i = 0; i < values.size(); ++i) inputs.emplace(g.inputs()[i]->name, values[i]);
    const auto whole = run_in(g, inputs, bm1684x::kLaneRoom, true);
    REQUIRE(whole);
    ++run;
    // tol: sums of F16 in another order and function tables; kernels have tests of their own.
    CHECK(compare_values(evaluate_graph(g, values), *whole, precision == DType::F32 ? 1e-3 : 5e-2) == "");
    CHECK(orders_agree(g, inputs, precision, *backend));
    for (int k = 0; k < 3; ++k) {
      const int64_t lane_bytes = bm1684x::kLaneRoom / (1 + static_cast<int64_t>(random() % 16)) / 64 * 64;
      const auto part = run_in(g, inputs, k == 0 ? bm1684x::kLaneRoom / 16 : lane_bytes, random() % 4 != 0);
      ++budgets;
      INFO("lane bytes " << lane_bytes);
      if (part)
        CHECK(identical_lists(*whole, *part));
      else
        ++too_small;
    }
  }
  WARN("seeds " << start << " to " << start + count - 1 << ": " << run << " graphs in " << budgets << " budgets ("
                << too_small << " too small), " << refused << " without a kernel");
  CHECK(run > static_cast<int>(count) / 4);
}

}  // namespace tpuc::test
