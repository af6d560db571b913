// mul(matmul(q, k), c), div(matmul(q, k), c)  ->  matmul(q', k)      the scale of attention
// mul(q, c), div(q, c)                        ->  q'
//   q = a projection matmul(x, W) or its bias add, reshaped and permuted: W and the bias are multiplied by c (or 1/c)
//   instead. Every step is used once.
#include <optional>
#include <vector>

#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

constexpr size_t kMaxSteps = 6;

bool is_linear_step(const Op& op) {
  if (op.is<Add>()) return op.in(1)->is_constant() && op.attrs<Add>().activation == Activation::None;
  return op.is<Reshape>() || op.is<Permute>();
}

// The ops from q back to the projection, which is the last one; empty where there is none that may change.
std::vector<const Op*> steps_to_projection(const Value* q, const Rewriter& rw) {
  std::vector<const Op*> steps;
  while (steps.size() < kMaxSteps && q->def != nullptr && q->uses.size() == 1 && !rw.is_output(q)) {
    const Op& op = *q->def;
    steps.push_back(&op);
    if (op.is<MatMul>() && op.in(1)->is_constant() && op.attrs<MatMul>().activation == Activation::None &&
        (op.in(2) == nullptr || op.in(2)->is_constant()))
      return steps;
    if (!is_linear_step(op)) break;
    q = op.in(0);
  }
  return {};
}

// q times the factor, by another projection; null where nothing leads to one. tol: W*c is rounded once more.
Value* scaled_query(const Value* q, double factor, Rewriter& rw) {
  const std::vector<const Op*> steps = steps_to_projection(q, rw);
  if (steps.empty()) return nullptr;
  for (const Op* op : steps) rw.absorb(*op);
  const auto by_factor = [&](const Value* v) { return rw.constant(scaled(v->tensor(), {factor}, 1)); };
  const Op& projection = *steps.back();
  std::vector<Value*> in{projection.in(0), by_factor(projection.in(1))};
  if (projection.in(2) != nullptr) in.push_back(by_factor(projection.in(2)));
  Value* v = rw.add_op(projection.def(), projection.any_attrs(), std::move(in));
  for (auto op = steps.rbegin() + 1; op != steps.rend(); ++op) {
    std::vector<Value*> operands{v};
    if ((*op)->is<Add>()) operands.push_back(by_factor((*op)->in(1)));
    v = rw.add_op((*op)->def(), (*op)->any_attrs(), std::move(operands));
  }
  return v;
}

// The single number c, or 1/c; nothing where it is none or changes the shape.
std::optional<double> factor_of(const Match& m, const Op& root, bool divides) {
  const Tensor& c = m["c"]->tensor();
  if (c.count() != 1 || root.out(0)->type.dims != root.in(0)->type.dims) return std::nullopt;
  const double factor = divides ? 1 / c.to_f64()[0] : c.to_f64()[0];
  return factor - factor == 0.0 ? std::optional(factor) : std::nullopt;
}

template <bool kDivides>
Outcome after_product(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = m.op("product").attrs<MatMul>();
  if (attrs.activation != Activation::None) return rw.no_match("the product carries an activation");
  const std::optional<double> factor = factor_of(m, root, kDivides);
  if (!factor) return rw.no_match("the constant is not a single finite number");
  Value* q = scaled_query(m["q"], *factor, rw);
  if (q == nullptr) return rw.no_match("no projection of its own leads to the first factor");
  return rw.replace_root(rw.add<MatMul>({q, m["k"]}, attrs));
}

template <bool kDivides>
Outcome before_product(const Match& m, const Op& root, Rewriter& rw) {
  const std::optional<double> factor = factor_of(m, root, kDivides);
  if (!factor) return rw.no_match("the constant is not a single finite number");
  Value* q = scaled_query(m["q"], *factor, rw);
  if (q == nullptr) return rw.no_match("no projection of its own leads to the first factor");
  return rw.replace_root(q);
}

pat::Node product() { return pat::op<MatMul>(pat::any("q"), pat::runtime("k")).one_use().as("product"); }

constexpr std::string_view kDoc = "the scale of attention moves into the weights of the query";

}  // namespace

Rule fold_factor_into_projection_mul() {
  return {"fold-factor-into-projection-mul", kDoc, pat::op<Mul>(product(), pat::constant("c")), after_product<false>};
}
Rule fold_factor_into_projection_div() {
  return {"fold-factor-into-projection-div", kDoc, pat::op<Div>(product(), pat::constant("c")), after_product<true>};
}
Rule move_factor_into_projection_mul() {
  return {"move-factor-into-projection-mul", kDoc, pat::op<Mul>(pat::runtime("q"), pat::constant("c")),
          before_product<false>};
}
Rule move_factor_into_projection_div() {
  return {"move-factor-into-projection-div", kDoc, pat::op<Div>(pat::runtime("q"), pat::constant("c")),
          before_product<true>};
}

}  // namespace tpuc
