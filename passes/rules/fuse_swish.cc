// mul(x, sigmoid(x))                    ->  silu(x)                               both orders
// div(clip{0,6}(add(x, 3)), 6)          ->  hard_sigmoid(x){1/6, 0.5}             also mul by 1/6
// mul(x, hard_sigmoid(x){1/6, 0.5})     ->  hard_swish(x)                         both orders
// div(mul(x, clip{0,6}(add(x, 3))), 6)  ->  hard_swish(x)                         both orders; also mul by 1/6
//   Intermediate values are used once: otherwise both forms would be computed.
#include <cmath>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/unary.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

constexpr float kSixth = 1.0f / 6.0f;

// tol: constants written in decimal or f16 differ from ours by less than 2^-10 of their value.
bool is_near(float x, float wanted) { return std::fabs(x - wanted) <= std::ldexp(std::fabs(wanted), -10); }
bool is_number(const Value* v, float wanted) {
  const Tensor& t = v->tensor();
  return t.count() == 1 && is_near(t.to_f32()[0], wanted);
}

bool is_sixth_sigmoid(const HardSigmoid::Attrs& a) { return is_near(a.alpha, kSixth) && is_near(a.beta, 0.5f); }

template <class Y>
Outcome replace(const Match& m, const Op& root, Rewriter& rw, typename Y::Attrs attrs = {}) {
  if (m["x"]->type.dims != root.out(0)->type.dims) return rw.no_match("a constant enlarges the result");
  return rw.replace_root(rw.add<Y>({m["x"]}, attrs));
}

Outcome to_silu(const Match& m, const Op& root, Rewriter& rw) {
  if (m["x"] != m["y"]) return rw.no_match("the factors are of different values");
  return replace<Silu>(m, root, rw);
}

Outcome to_hard_swish(const Match& m, const Op& root, Rewriter& rw) {
  if (m["x"] != m["y"]) return rw.no_match("the factors are of different values");
  if (!is_sixth_sigmoid(m.op("gate").attrs<HardSigmoid>())) return rw.no_match("the gate is not x/6 + 0.5");
  return replace<HardSwish>(m, root, rw);
}

// clip{0,6}(add(y, three)) over six or times a sixth, as the constants of the match say.
bool is_relu6_gate(const Match& m, float last) {
  const auto& clip = m.op("clip").attrs<Clip>();
  return clip.min == 0.0f && clip.max == 6.0f && is_number(m["three"], 3.0f) && is_number(m["last"], last) &&
         m.op("add").attrs<Add>().activation == Activation::None;
}

template <bool kDivide>
Outcome gate_to_hard_sigmoid(const Match& m, const Op& root, Rewriter& rw) {
  if (!is_relu6_gate(m, kDivide ? 6.0f : kSixth)) return rw.no_match("the numbers are not 3, 0..6 and 6");
  return replace<HardSigmoid>(m, root, rw, {.alpha = kSixth, .beta = 0.5f});
}

template <bool kDivide>
Outcome gate_to_hard_swish(const Match& m, const Op& root, Rewriter& rw) {
  if (m["x"] != m["y"]) return rw.no_match("the factors are of different values");
  if (!is_relu6_gate(m, kDivide ? 6.0f : kSixth)) return rw.no_match("the numbers are not 3, 0..6 and 6");
  return replace<HardSwish>(m, root, rw);
}

pat::Node sigmoid() { return pat::op<Sigmoid>(pat::any("y")).one_use(); }
pat::Node hard_sigmoid() { return pat::op<HardSigmoid>(pat::any("y")).one_use().as("gate"); }
pat::Node relu6_of_sum(std::string_view x) {
  return pat::op<Clip>(pat::op<Add>(pat::any(x), pat::constant("three")).one_use().as("add")).one_use().as("clip");
}
pat::Node product_left() { return pat::op<Mul>(pat::any("x"), relu6_of_sum("y")).one_use(); }
pat::Node product_right() { return pat::op<Mul>(relu6_of_sum("y"), pat::any("x")).one_use(); }
pat::Node last() { return pat::constant("last"); }

constexpr std::string_view kSiluDoc = "x * sigmoid(x) is silu(x)";
constexpr std::string_view kSigmoidDoc = "relu6(x + 3) / 6 is a hard sigmoid";
constexpr std::string_view kSwishDoc = "x times its hard sigmoid is hard_swish(x)";

}  // namespace

Rule fuse_silu() { return {"fuse-silu", kSiluDoc, pat::op<Mul>(pat::any("x"), sigmoid()), to_silu}; }
Rule fuse_silu_swapped() { return {"fuse-silu-swapped", kSiluDoc, pat::op<Mul>(sigmoid(), pat::any("x")), to_silu}; }
Rule fuse_hard_sigmoid_div() {
  return {"fuse-hard-sigmoid-div", kSigmoidDoc, pat::op<Div>(relu6_of_sum("x"), last()), gate_to_hard_sigmoid<true>};
}
Rule fuse_hard_sigmoid_mul() {
  return {"fuse-hard-sigmoid-mul", kSigmoidDoc, pat::op<Mul>(relu6_of_sum("x"), last()), gate_to_hard_sigmoid<false>};
}
Rule fuse_hard_swish() {
  return {"fuse-hard-swish", kSwishDoc, pat::op<Mul>(pat::any("x"), hard_sigmoid()), to_hard_swish};
}
Rule fuse_hard_swish_swapped() {
  return {"fuse-hard-swish-swapped", kSwishDoc, pat::op<Mul>(hard_sigmoid(), pat::any("x")), to_hard_swish};
}
Rule fuse_hard_swish_div() {
  return {"fuse-hard-swish-div", kSwishDoc, pat::op<Div>(product_left(), last()), gate_to_hard_swish<true>};
}
Rule fuse_hard_swish_div_swapped() {
  return {"fuse-hard-swish-div-swapped", kSwishDoc, pat::op<Div>(product_right(), last()), gate_to_hard_swish<true>};
}
Rule fuse_hard_swish_mul() {
  return {"fuse-hard-swish-mul", kSwishDoc, pat::op<Mul>(product_left(), last()), gate_to_hard_swish<false>};
}
Rule fuse_hard_swish_mul_swapped() {
  return {"fuse-hard-swish-mul-swapped", kSwishDoc, pat::op<Mul>(product_right(), last()), gate_to_hard_swish<false>};
}

}  // namespace tpuc
