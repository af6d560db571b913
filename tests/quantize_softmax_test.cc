// Softmax in 8 bits: where it is chosen, and how far its shares are from those of floats.
#include "passes/quantize_softmax.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "evaluate_graph.h"
#include "ops/softmax.h"
#include "ops/table_softmax.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"

namespace tpuc::test {
namespace {

constexpr const char* kAttention = R"(graph @g(%q: f32[40,4], %k: f32[24,4], %v: f32[24,8]) -> (%y) {
  %s = matmul(%q, %k) {transpose_b=true} : f32[40,24]
  %p = softmax(%s) {axis=1} : f32[40,24]
  %y = matmul(%p, %v) : f32[40,8]
})";

struct Lowered {
  Module module = parse_module(kAttention);
  const ops::TableSoftmax::Attrs* opt_softmax = nullptr;  // in 8 bits

  // Scores from -widest to widest; `named`: the user asks for 8 bits.
  Lowered(double widest, bool named) {
    PassOptions options;
    options.quantization = [=](const Graph&) {
      Quantization how;
      for (const char* name : {"q", "k", "v", "y"}) how.ranges[name] = {-2, 2};
      how.ranges["s"] = {-widest, widest};
      how.ranges["p"] = {0, 1};
      how.insists_on_int8 = [=](const Op& op) { return named && op.is<ops::Softmax>(); };
      return how;
    };
    const std::string passes[] = {"quantize"};
    run_passes(module, passes, options);
    for (const Op& op : graph().ops())
      if (op.is<ops::TableSoftmax>()) opt_softmax = &op.attrs<ops::TableSoftmax>();
  }
  const Graph& graph() const { return *module.nets.front().stages.front(); }
};

// Where every sum of products is rounded to 8 bits no element is further off than by `rtol`.
void check_values(const Lowered& lowered, double rtol) {
  const Module floats = parse_module(kAttention);
  const Graph& graph = *floats.nets.front().stages.front();
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<Tensor> inputs = random_inputs(graph, seed);
    CHECK(compare_values(evaluate_graph(graph, inputs), evaluate_graph(lowered.graph(), inputs), rtol).empty());
  }
}

TEST_CASE("softmax takes 8 bits of fine steps, and of coarse ones where it is named", "[pass]") {
  const double widest = 127 * double(kMostSoftmaxStep);
  CHECK(Lowered(widest * 0.99, false).opt_softmax != nullptr);
  CHECK(Lowered(widest * 1.01, false).opt_softmax == nullptr);
  CHECK(Lowered(widest * 1.01, true).opt_softmax != nullptr);
}

TEST_CASE("exponentials are of distances where all of 256 leave the range of f32", "[pass]") {
  CHECK_FALSE(Lowered(39, true).opt_softmax->below_top);
  CHECK(Lowered(41, true).opt_softmax->below_top);
}

TEST_CASE("shares of 8-bit scores lie near those of floats", "[pass]") {
  check_values(Lowered(12, true), 0.06);
  check_values(Lowered(39, true), 0.15);
  check_values(Lowered(41, true), 0.15);
}

TEST_CASE("what is masked gets no share, and lines without anything else even ones", "[pass]") {
  Module module = parse_module(R"(graph @g(%q: f32[2,4], %k: f32[8,4], %v: f32[8,4]) -> (%y) {
  %m = const [0, 0, 0, 0, -10000, -10000, -10000, -10000, -10000, -10000, -10000, -10000, -10000, -10000, -10000, -10000] : f32[2,8]
  %s = matmul(%q, %k) {transpose_b=true} : f32[2,8]
  %far = add(%s, %m) : f32[2,8]
  %p = softmax(%far) {axis=1} : f32[2,8]
  %y = matmul(%p, %v) : f32[2,4]
})");
  PassOptions options;
  options.quantization = [](const Graph&) {
    Quantization how;
    for (const char* name : {"q", "k", "v", "y"}) how.ranges[name] = {-2, 2};
    how.ranges["s"] = {-16, 16}, how.ranges["far"] = {-10016, 16}, how.ranges["m"] = {-10000, 0};
    how.ranges["p"] = {0, 1};
    return how;
  };
  const std::string passes[] = {"quantize"};
  run_passes(module, passes, options);
  const Tensor q = Tensor::from_f32({2, 4}, std::vector<float>(8)),
               k = Tensor::from_f32({8, 4}, std::vector<float>(32));
  std::vector<float> v(32, 0.0F);
  std::fill(v.begin() + 16, v.end(), 2.0F);
  const Tensor y = evaluate_graph(*module.nets.front().stages.front(), {q, k, Tensor::from_f32({8, 4}, v)}).front();
  for (size_t i = 0; i < 4; ++i) CHECK(y.to_f32()[i] == 0);
  for (size_t i = 4; i < 8; ++i) CHECK(y.to_f32()[i] == Approx(1).margin(0.02));
}

}  // namespace
}  // namespace tpuc::test
