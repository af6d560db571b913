// Properties of random graphs: text and graph are the same thing, and passes keep values, names and promises.
// TPUC_SEEDS=N tries more seeds; a failure prints the seed.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

#include "evaluate_graph.h"
#include "graph_gen.h"
#include "tpuc/ir/equal.h"
#include "tpuc/ir/json.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"

namespace tpuc::test {
namespace {

uint64_t seed_count() {
  const char* text = std::getenv("TPUC_SEEDS");
  return text == nullptr ? 150 : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> output_names(const Graph& g) {
  std::vector<std::string> names;
  for (const Value* v : g.outputs()) names.push_back(v->name);
  return names;
}

TEST_CASE("parse(print(graph)) equals the graph", "[ir]") {
  for (uint64_t seed = 1; seed <= seed_count(); ++seed) {
    INFO("seed " << seed);
    const Module m = random_module(seed, {.ops = 25, .with_odd_names = true});
    verify(m);
    const std::string text = print(m);
    const Module again = parse_module(text, text_weights(m));
    CHECK(difference(m, again) == "");
    CHECK(hash(m) == hash(again));
    CHECK(print(again) == text);
    CHECK_FALSE(to_json(*m.nets[0].stages[0]).empty());
  }
}

TEST_CASE("the pipeline keeps values and names", "[pass]") {
  for (uint64_t seed = 1; seed <= seed_count(); ++seed) {
    INFO("seed " << seed);
    const Module before = random_module(seed);
    Module after = random_module(seed);
    PassOptions options;
    const PassReport report = run_pipeline(after, options);
    CHECK(report.stage == Stage::Quantized);
    const Graph &a = *before.nets[0].stages[0], &b = *after.nets[0].stages[0];
    CHECK(output_names(a) == output_names(b));
    const std::vector<Tensor> inputs = random_inputs(a, seed);
    // tol: casts to f16 among the ops that a rule may drop leave 2^-11 each.
    CHECK(compare_values(evaluate_graph(a, inputs), evaluate_graph(b, inputs), 2e-2) == "");
  }
}

TEST_CASE("each pass run twice changes nothing the second time", "[pass]") {
  for (const Pass& pass : all_passes()) {
    for (uint64_t seed = 1; seed <= seed_count() / 5; ++seed) {
      INFO("pass " << pass.name << ", seed " << seed);
      Module m = random_module(seed);
      const std::vector<std::string> name{std::string(pass.name)};
      run_passes(m, name);
      CHECK_FALSE(run_passes(m, name).passes[0].changed);
    }
  }
}

TEST_CASE("lowering to f16 keeps names and borders", "[pass]") {
  for (uint64_t seed = 1; seed <= seed_count() / 3; ++seed) {
    INFO("seed " << seed);
    const Module before = random_module(seed);
    Module after = random_module(seed);
    PassOptions options;
    options.precision = DType::F16;
    options.supports = [](const Op& op, DType t) { return t == DType::F32 || op.name() != "sigmoid"; };
    run_pipeline(after, options);
    const Graph& g = *after.nets[0].stages[0];
    CHECK(output_names(g) == output_names(*before.nets[0].stages[0]));
    for (const auto& v : g.inputs()) CHECK(v->type.dtype == DType::F32);
    for (const Value* v : g.outputs()) CHECK(v->type.dtype == DType::F32);
    for (const Op& op : g.ops())
      if (op.name() == "sigmoid") CHECK(op.in(0)->type.dtype == DType::F32);
  }
}

// A chain with a shared constant: everything that scans per op would take minutes.
TEST_CASE("a long graph takes near-linear time", "[ir]") {
  Module m;
  m.nets.push_back({"long", {}});
  m.nets[0].stages.push_back(std::make_unique<Graph>("long", *m.constants));
  Graph& g = *m.nets[0].stages[0];
  const OpDef *add = find_op("add"), *relu = find_op("relu");
  const float one = 1.0f;
  Value* c = g.constant(Tensor::from_f32({}, std::span(&one, 1)));
  Value* v = g.input({DType::F32, {4}, {}}, "x");
  for (int i = 0; i < 50000; ++i) {
    v = g.add_op(*add, add->default_attrs(), {v, c}).out(0);
    v = g.add_op(*relu, relu->default_attrs(), {v}).out(0);
  }
  g.set_outputs({v});
  const auto start = std::chrono::steady_clock::now();
  run_pipeline(m, {});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  CHECK(g.ops().size() == 50000);
  CHECK(seconds.count() < 30);  // some 3 s on a free machine
}

}  // namespace
}  // namespace tpuc::test
