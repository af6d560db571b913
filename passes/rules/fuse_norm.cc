// x / sqrt(mean(x^2) + eps)                       ->  rms_norm(x)          x^2 as mul(x, x) or pow(x, 2)
// the same of d = x - mean(x)                     ->  layer_norm(x)
//   Means are over the same trailing axes. Instead of dividing by the root, models also multiply by reciprocal(sqrt),
//   1 / sqrt or pow(.., -0.5).
// x*s + (beta - mean(x)*s), s = 1/sqrt(var + eps) * gamma  ->  layer_norm(x, gamma, beta)      as TensorFlow has it
// mul(norm(x), g), add(layer_norm(x, g?), b)      ->  norm with gamma and beta, constants of the normalized axes
#include <optional>

#include "ops/eltwise.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

bool is_number(const Value* v, double wanted) {
  return v->is_constant() && v->tensor().count() == 1 && v->tensor().to_f64()[0] == wanted;
}

// Whether v is base^2, and base with it.
const Value* base_of_square(const Value* v) {
  const Op* op = v->def;
  if (op == nullptr) return nullptr;
  if (op->is<Mul>() && op->in(0) == op->in(1)) return op->in(0);
  return op->is<Pow>() && is_number(op->in(1), 2) ? op->in(0) : nullptr;
}

// The first of the reduced axes where they are all the last ones of x; else -1.
int64_t trailing_axis(const Op& reduce) {
  const auto& a = reduce.attrs<Reduce>();
  const auto rank = static_cast<int64_t>(reduce.in(0)->type.dims.size());
  if (a.kind != ReduceKind::Mean || !a.keep_dims) return -1;
  const int64_t first = rank - static_cast<int64_t>(a.axes.size());
  for (size_t i = 0; i < a.axes.size(); ++i)
    if (a.axes[i] != first + static_cast<int64_t>(i)) return -1;
  return first;
}

// x of d = x - mean(x) over the axes from `axis` on; null where d is no such thing.
Value* centred(const Value* d, int64_t axis, Rewriter& rw) {
  const Op* sub = d->def;
  if (sub == nullptr || !sub->is<Sub>()) return nullptr;
  const Op* mean = sub->in(1)->def;
  if (mean == nullptr || !mean->is<Reduce>() || mean->in(0) != sub->in(0) || trailing_axis(*mean) != axis)
    return nullptr;
  rw.absorb(*mean);
  rw.absorb(*sub);
  return sub->in(0);
}

// tol: the operators round once; the model rounds every step.
Outcome to_norm(const Match& m, const Op& root, Rewriter& rw) {
  if (m.op("sum").attrs<Add>().activation != Activation::None) return rw.no_match("the sum carries an activation");
  const Op& mean = m.op("mean");
  const int64_t axis = trailing_axis(mean);
  if (axis < 0) return rw.no_match("it is no mean over the last axes");
  if (base_of_square(m["square"]) != m["d"])
    return rw.no_match("what is averaged is not the square of what is divided");
  if (m["eps"]->tensor().count() != 1) return rw.no_match("epsilon is not a single number");
  if (root.out(0)->type.dims != m["d"]->type.dims) return rw.no_match("a constant enlarges the result");
  const LayerNorm::Attrs attrs{.axis = axis, .epsilon = m["eps"]->tensor().to_f32()[0]};
  rw.absorb(*m["square"]->def);
  if (Value* x = centred(m["d"], axis, rw)) return rw.replace_root(rw.add<LayerNorm>({x}, attrs));
  return rw.replace_root(rw.add<RmsNorm>({m["d"]}, attrs));
}

template <int kPower>
Outcome to_norm_by_power(const Match& m, const Op& root, Rewriter& rw) {
  if (!is_number(m["power"], kPower / 2.0)) return rw.no_match("the exponent is another one");
  return to_norm(m, root, rw);
}
Outcome to_norm_by_quotient(const Match& m, const Op& root, Rewriter& rw) {
  if (!is_number(m["one"], 1)) return rw.no_match("the quotient is not 1 / sqrt");
  return to_norm(m, root, rw);
}

// The vector as the normalized axes have it; nothing where it varies along others.
std::optional<Tensor> vector_of(const Value* v, const Dims& dims, int64_t axis) {
  const Dims wanted(dims.begin() + axis, dims.end());
  if (v->tensor().count() != element_count(wanted)) return std::nullopt;
  Dims own = v->type.dims;
  while (own.size() > wanted.size() && own.front() == 1) own.erase(own.begin());
  if (own != wanted) return std::nullopt;
  return v->tensor().reshaped(wanted);
}

template <class S>
Outcome add_gamma(const Match& m, const Op&, Rewriter& rw) {
  const auto& attrs = m.op("norm").attrs<S>();
  auto gamma = vector_of(m["c"], m["x"]->type.dims, attrs.axis);
  if (!gamma) return rw.no_match("the constant is not one number per normalized element");
  return rw.replace_root(rw.add<S>({m["x"], rw.constant(*std::move(gamma))}, attrs));
}
Outcome add_beta(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = m.op("norm").attrs<LayerNorm>();
  if (root.attrs<Add>().activation != Activation::None) return rw.no_match("the sum carries an activation");
  auto beta = vector_of(m["c"], m["x"]->type.dims, attrs.axis);
  if (!beta) return rw.no_match("the constant is not one number per normalized element");
  return rw.replace_root(rw.add<LayerNorm>({m["x"], m["gamma"], rw.constant(*std::move(beta))}, attrs));
}

// The same in another order of the arithmetic: tol as above.
Outcome to_scaled_norm(const Match& m, const Op& root, Rewriter& rw) {
  if (m["s"] != m["t"] || m["s"]->uses.size() != 2) return rw.no_match("x and its mean have different factors");
  if (m.op("sum").attrs<Add>().activation != Activation::None || root.attrs<Add>().activation != Activation::None)
    return rw.no_match("a sum carries an activation");
  const int64_t axis = trailing_axis(m.op("mean"));
  if (axis < 0 || m["eps"]->tensor().count() != 1) return rw.no_match("it is no mean over the last axes");
  const Value* d = base_of_square(m["square"]);
  const Value* x = d == nullptr ? nullptr : centred(d, axis, rw);
  if (x == nullptr || x != m["x"] || d->def->in(1) != m["centre"])
    return rw.no_match("what is averaged is not the square of x - mean");
  auto gamma = vector_of(m["gamma"], x->type.dims, axis), beta = vector_of(m["beta"], x->type.dims, axis);
  if (!gamma || !beta || root.out(0)->type.dims != x->type.dims)
    return rw.no_match("gamma or beta is not one number per normalized element");
  rw.absorb(*m["square"]->def);
  return rw.replace_root(rw.add<LayerNorm>({m["x"], rw.constant(*std::move(gamma)), rw.constant(*std::move(beta))},
                                           {.axis = axis, .epsilon = m["eps"]->tensor().to_f32()[0]}));
}

// mean(square) + eps; used once, or the statistics would be computed twice.
pat::Node variance() {
  return pat::op<Add>(pat::op<Reduce>(pat::any("square")).one_use().as("mean"), pat::constant("eps"))
      .one_use()
      .as("sum");
}
pat::Node root_of_variance() { return pat::op<Sqrt>(variance()).one_use(); }
pat::Node power_of_variance() { return pat::op<Pow>(variance(), pat::constant("power")).one_use(); }
pat::Node reciprocal() { return pat::op<Reciprocal>(root_of_variance()).one_use(); }
pat::Node quotient() { return pat::op<Div>(pat::constant("one"), root_of_variance()).one_use(); }
pat::Node d() { return pat::any("d"); }

constexpr std::string_view kDoc = "a normalization spelled out: layer_norm, or rms_norm where no mean is subtracted";

}  // namespace

Rule fuse_norm_div() { return {"fuse-norm-div", kDoc, pat::op<Div>(d(), root_of_variance()), to_norm}; }
Rule fuse_norm_div_pow() {
  return {"fuse-norm-div-pow", kDoc, pat::op<Div>(d(), power_of_variance()), to_norm_by_power<1>};
}
Rule fuse_norm_mul_pow() {
  return {"fuse-norm-mul-pow", kDoc, pat::op<Mul>(d(), power_of_variance()), to_norm_by_power<-1>};
}
Rule fuse_norm_mul_pow_swapped() {
  return {"fuse-norm-mul-pow-swapped", kDoc, pat::op<Mul>(power_of_variance(), d()), to_norm_by_power<-1>};
}
Rule fuse_norm_reciprocal() { return {"fuse-norm-reciprocal", kDoc, pat::op<Mul>(d(), reciprocal()), to_norm}; }
Rule fuse_norm_reciprocal_swapped() {
  return {"fuse-norm-reciprocal-swapped", kDoc, pat::op<Mul>(reciprocal(), d()), to_norm};
}
Rule fuse_norm_quotient() { return {"fuse-norm-quotient", kDoc, pat::op<Mul>(d(), quotient()), to_norm_by_quotient}; }
Rule fuse_norm_quotient_swapped() {
  return {"fuse-norm-quotient-swapped", kDoc, pat::op<Mul>(quotient(), d()), to_norm_by_quotient};
}
Rule fuse_norm_affine() {
  return {
      "fuse-norm-affine", kDoc,
      pat::op<Add>(
          pat::op<Mul>(pat::any("x"), pat::op<Mul>(reciprocal(), pat::constant("gamma")).as("scale", "s")).one_use(),
          pat::op<Sub>(pat::constant("beta"), pat::op<Mul>(pat::any("centre"), pat::any("t")).one_use()).one_use()),
      to_scaled_norm};
}
Rule fold_gamma_into_layer_norm() {
  return {"fold-gamma-into-layer-norm", "a factor per normalized element becomes gamma",
          pat::op<Mul>(pat::op<LayerNorm>(pat::any("x")).one_use().as("norm"), pat::constant("c")),
          add_gamma<LayerNorm>};
}
Rule fold_gamma_into_rms_norm() {
  return {"fold-gamma-into-rms-norm", "a factor per normalized element becomes gamma",
          pat::op<Mul>(pat::op<RmsNorm>(pat::any("x")).one_use().as("norm"), pat::constant("c")), add_gamma<RmsNorm>};
}
Rule fold_beta_into_layer_norm() {
  return {"fold-beta-into-layer-norm", "a summand per normalized element becomes beta",
          pat::op<Add>(pat::op<LayerNorm>(pat::any("x"), pat::optional(pat::any("gamma"))).one_use().as("norm"),
                       pat::constant("c")),
          add_beta};
}

}  // namespace tpuc
