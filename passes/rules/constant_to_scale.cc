// Arithmetic with a constant per channel is a scale:   mul(x, c), add(x, c), sub(x, c), div(x, c)  ->  scale(x, s, t)
// Constants stand on the right (move-constant-right). Only where the result keeps x's shape.
#include <algorithm>

#include "ops/eltwise.h"
#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome to_scale(const Match& m, Rewriter& rw, Activation activation, Affine (*make)(std::vector<double>)) {
  const auto c = channel_values(rw.data(m["c"]), m["x"]->type);
  if (!c) return rw.no_match("the constant is not one number per channel");
  // A single number on tensors without spatial axes is cheaper as it is: its vector would be as long as the axis.
  if (rw.data(m["c"]).count() == 1 && m["x"]->type.dims.size() == 3)
    return rw.no_match("a single number on a tensor of rank 3 gains nothing");
  const Affine a = make(*c);
  if (!std::all_of(a.s.begin(), a.s.end(), [](double s) { return s - s == 0.0; }))
    return rw.no_match("the factor is not finite");
  Value* t = all_zero(a.t) ? nullptr : channel_constant(rw, a.t);
  std::vector<Value*> in{m["x"], channel_constant(rw, a.s)};
  if (t != nullptr) in.push_back(t);
  return rw.replace_root(rw.add<Scale>(std::move(in), {.activation = activation}));
}

std::vector<double> filled(size_t n, double x) { return std::vector<double>(n, x); }

Affine affine_of_mul(std::vector<double> c) { return {c, filled(c.size(), 0.0)}; }
Affine affine_of_add(std::vector<double> c) { return {filled(c.size(), 1.0), c}; }
Affine affine_of_sub(std::vector<double> c) {
  for (double& x : c) x = -x;
  return affine_of_add(std::move(c));
}
// tol: 1 / c is rounded to f32, relative error 2^-24.
Affine affine_of_div(std::vector<double> c) {
  for (double& x : c) x = 1.0 / x;
  return affine_of_mul(std::move(c));
}

}  // namespace

Rule mul_constant_to_scale() {
  return {"mul-constant-to-scale", "a product with one constant per channel is a scale",
          pat::op<Mul>(pat::runtime("x"), pat::constant("c")),
          [](const Match& m, const Op&, Rewriter& rw) { return to_scale(m, rw, Activation::None, affine_of_mul); }};
}
Rule add_constant_to_scale() {
  return {"add-constant-to-scale", "a sum with one constant per channel is a scale",
          pat::op<Add>(pat::runtime("x"), pat::constant("c")), [](const Match& m, const Op& root, Rewriter& rw) {
            return to_scale(m, rw, root.attrs<Add>().activation, affine_of_add);
          }};
}
Rule sub_constant_to_scale() {
  return {"sub-constant-to-scale", "subtracting one constant per channel is a scale",
          pat::op<Sub>(pat::runtime("x"), pat::constant("c")),
          [](const Match& m, const Op&, Rewriter& rw) { return to_scale(m, rw, Activation::None, affine_of_sub); }};
}
Rule div_constant_to_scale() {
  return {"div-constant-to-scale", "dividing by one constant per channel is a scale",
          pat::op<Div>(pat::runtime("x"), pat::constant("c")),
          [](const Match& m, const Op&, Rewriter& rw) { return to_scale(m, rw, Activation::None, affine_of_div); }};
}

}  // namespace tpuc
