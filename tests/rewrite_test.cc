// The rewriter and the pass manager catch rules and passes that do not keep their word.
#include <catch2/catch.hpp>
#include <filesystem>

#include "ops/activation.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/file.h"

namespace tpuc {
namespace {

using namespace ops;

Module small() {
  return parse_module(
      "graph @g(%x: f32[2]) -> (%y) {\n  %a = relu(%x) : f32[2] loc(\"A\")\n  %y = sigmoid(%a) : f32[2] "
      "loc(\"B\")\n}\n");
}
Graph& graph_of(Module& m) { return *m.nets[0].stages[0]; }

TEST_CASE("a rule without end is named", "[rewrite]") {
  Module m = small();
  const Rule endless{"endless", "", pat::op<Relu>(pat::any("x")), [](const Match& match, const Op&, Rewriter& rw) {
                       return rw.replace_root(rw.add<Relu>({match["x"]}));
                     }};
  CHECK_THROWS_WITH(apply_rules(graph_of(m), std::span(&endless, 1)), Catch::Contains("rule endless"));
}

TEST_CASE("a rule that changes and says it did not is named", "[rewrite]") {
  Module m = small();
  const Rule liar{"liar", "", pat::op<Relu>(pat::any("x")), [](const Match& match, const Op&, Rewriter& rw) {
                    rw.add<Relu>({match["x"]});
                    return rw.no_match("nothing to do");
                  }};
  CHECK_THROWS_WITH(apply_rules(graph_of(m), std::span(&liar, 1)), Catch::Contains("rule liar"));
}

TEST_CASE("a rule whose new op is not valid does not apply", "[rewrite]") {
  Module m = small();
  const std::string text = print(m);
  const Rule wide{
      "wide", "", pat::op<Relu>(pat::any("x")), [](const Match& match, const Op&, Rewriter& rw) {
        return rw.replace_root(rw.add<PRelu>({rw.add<Tanh>({match["x"]}), rw.constant(Tensor(DType::F32, {3}))}));
      }};
  std::string why;
  RewriteOptions options;
  options.explain = [&](const NearMiss& miss) { why = miss.why; };
  CHECK(apply_rules(graph_of(m), std::span(&wide, 1), options).applied == 0);
  CHECK(print(m) == text);
  CHECK(why.starts_with("the new op would not be valid: prelu"));
}

TEST_CASE("a name the pattern does not have is a bug", "[rewrite]") {
  Module m = small();
  const Rule wrong{"wrong", "", pat::op<Relu>(pat::any("x")),
                   [](const Match& match, const Op&, Rewriter& rw) { return rw.replace_root(match["z"]); }};
  CHECK_THROWS_AS(apply_rules(graph_of(m), std::span(&wrong, 1)), InternalError);
}

TEST_CASE("new ops carry the loc of all that matched and the root's name", "[rewrite]") {
  Module m = small();
  const Rule merge{
      "merge", "", pat::op<Sigmoid>(pat::op<Relu>(pat::any("x"))),
      [](const Match& match, const Op&, Rewriter& rw) { return rw.replace_root(rw.add<Tanh>({match["x"]})); }};
  CHECK(merge.pattern.text() == "sigmoid(relu(x))");
  const RewriteStats stats = apply_rules(graph_of(m), std::span(&merge, 1));
  CHECK(stats.applied == 1);
  CHECK(print(graph_of(m)) == "graph @g(%x: f32[2]) -> (%y) {\n  %y = tanh(%x) : f32[2] loc(\"A\", \"B\")\n}\n");
}

TEST_CASE("a pass that reports wrongly is a bug", "[pass]") {
  const PassOptions options;
  const Pass boaster{"boaster", "", Stage::Imported, Stage::Imported, [](Graph&, PassCtx&) { return true; }};
  Module m = small();
  CHECK_THROWS_WITH(PassManager(options).run(m, std::span(&boaster, 1)),
                    Catch::Contains("boaster reported a change it did not make") && Catch::Contains("last good graph"));
  const Pass sneak{"sneak", "", Stage::Imported, Stage::Imported, [](Graph& g, PassCtx&) {
                     g.rename(g.outputs()[0], "z");
                     return false;
                   }};
  CHECK_THROWS_WITH(PassManager(options).run(m, std::span(&sneak, 1)), Catch::Contains("changed the graph silently"));
}

TEST_CASE("passes can be stopped, disabled and dumped", "[pass]") {
  const std::string folder = (std::filesystem::temp_directory_path() / "tpuc-rewrite-test").string();
  std::filesystem::remove_all(folder);
  PassOptions options;
  options.stop_after = "canonicalize";
  options.disabled_passes = {"cse"};
  options.dump_dir = folder;
  options.dump_after = "^canon";
  Module m = small();
  const PassReport report = run_pipeline(m, options);
  CHECK(report.stopped);
  CHECK(report.stage == Stage::Canonical);
  CHECK(report.passes.size() == 3);
  CHECK(std::filesystem::exists(folder + "/002-canonicalize.tpuir"));
  CHECK(std::filesystem::exists(folder + "/002-canonicalize.json"));
  CHECK_FALSE(std::filesystem::exists(folder + "/000-dce.tpuir"));
  CHECK(read_text_file(folder + "/index.json").find("\"pass\": \"canonicalize\"") != std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("unknown names are errors", "[pass]") {
  Module m = small();
  PassOptions options;
  options.disabled_rules = {"fold-everything"};
  CHECK_THROWS_AS(run_pipeline(m, options), UserError);
  const std::vector<std::string> names{"no-such-rule"};
  CHECK_THROWS_AS(apply_rules(graph_of(m), names), UserError);
  CHECK_THROWS_AS(run_passes(m, names), UserError);  // E2003
}

TEST_CASE("a disabled rule does not run", "[pass]") {
  const std::string text = "graph @g(%x: f32[2]) -> (%y) {\n  %y = clip(%x) {min=0.0} : f32[2]\n}\n";
  PassOptions options;
  options.lower = false;
  options.disabled_rules = {"clip-to-relu"};
  Module m = parse_module(text);
  run_pipeline(m, options);
  CHECK(print(m) == text);
}

}  // namespace
}  // namespace tpuc
