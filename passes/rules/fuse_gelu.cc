// A product of x with a function of erf or tanh that is gelu in value      ->  gelu(x), gelu(x){approximate}
//   Models write x/2 (1 + erf(x/sqrt(2))) and its tanh form in dozens of ways: factors in any order, x^3 as a power or
//   as products, constants folded together. So the arithmetic on x and single numbers under the product is evaluated at
//   some points and compared with the function itself.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

constexpr size_t kMaxSteps = 14;
constexpr std::array kPoints = {-4.0, -2.5, -1.3, -0.75, -0.1, 0.2, 0.6, 1.0, 1.9, 3.3};

// The arithmetic between x and a result: operators on values of one shape and on single numbers.
class Formula {
 public:
  // False where it is not arithmetic of one x.
  bool collect(const Op& root, const Value* x) {
    x_ = x;
    return add_step(root);
  }
  const std::vector<const Op*>& steps() const { return steps_; }  // operands before results
  bool has_bend() const {
    return std::any_of(steps_.begin(), steps_.end(), [](const Op* op) { return op->is<Erf>() || op->is<Tanh>(); });
  }
  // Nothing but the formula itself reads what it computes on the way.
  bool is_closed(const Rewriter& rw) const {
    for (size_t i = 0; i + 1 < steps_.size(); ++i) {
      const Value* v = steps_[i]->out(0);
      const bool inside = std::all_of(v->uses.begin(), v->uses.end(), [&](const Op* user) {
        return std::find(steps_.begin(), steps_.end(), user) != steps_.end();
      });
      if (!inside || rw.is_output(v)) return false;
    }
    return true;
  }
  double at(double x) const {
    std::unordered_map<const Value*, double> values{{x_, x}};
    const auto operand = [&](const Op& op, size_t i) {
      const Value* v = op.in(i);
      return v->is_constant() ? v->tensor().to_f64()[0] : values.at(v);
    };
    for (const Op* op : steps_) {
      const double a = operand(*op, 0), b = op->in().size() > 1 ? operand(*op, 1) : 0;
      values[op->out(0)] = apply(*op, a, b);
    }
    return values.at(steps_.back()->out(0));
  }

  static bool is_arithmetic(const Op& op) {
    if (op.is<Add>()) return op.attrs<Add>().activation == Activation::None;
    return op.is<Sub>() || op.is<Mul>() || op.is<Div>() || op.is<Pow>() || op.is<Erf>() || op.is<Tanh>() ||
           op.is<Neg>();
  }

 private:
  static double apply(const Op& op, double a, double b) {
    if (op.is<Add>()) return a + b;
    if (op.is<Sub>()) return a - b;
    if (op.is<Mul>()) return a * b;
    if (op.is<Div>()) return a / b;
    if (op.is<Pow>()) return std::pow(a, b);
    if (op.is<Erf>()) return std::erf(a);
    return op.is<Tanh>() ? std::tanh(a) : -a;
  }
  bool add_step(const Op& op) {
    if (std::find(steps_.begin(), steps_.end(), &op) != steps_.end()) return true;
    if (!is_arithmetic(op) || steps_.size() >= kMaxSteps || op.out(0)->type.dims != x_->type.dims) return false;
    for (const Value* v : op.in()) {
      if (v == x_) continue;
      if (v->is_constant() ? v->tensor().count() != 1 : v->def == nullptr || !add_step(*v->def)) return false;
    }
    steps_.push_back(&op);
    return steps_.size() <= kMaxSteps;
  }

  const Value* x_ = nullptr;
  std::vector<const Op*> steps_;
};

// Values that the formula may be of: those under the product that are read twice or more.
void add_candidates(const Value* v, int depth, std::vector<Value*>& out) {
  if (v->def == nullptr || depth == 0 || !Formula::is_arithmetic(*v->def)) return;
  for (Value* in : v->def->in()) {
    if (in == nullptr || in->is_constant()) continue;
    if (in->uses.size() > 1 && std::find(out.begin(), out.end(), in) == out.end()) out.push_back(in);
    add_candidates(in, depth - 1, out);
  }
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double gelu_by_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

// tol: constants written with four digits are meant for the exact ones.
bool is_function(const Formula& formula, double (*wanted)(double)) {
  return std::all_of(kPoints.begin(), kPoints.end(),
                     [&](double x) { return std::fabs(formula.at(x) - wanted(x)) <= 1e-4; });
}

Outcome to_gelu(const Match&, const Op& root, Rewriter& rw) {
  std::vector<Value*> candidates;
  constexpr int kDepth = 7;
  add_candidates(root.out(0), kDepth, candidates);
  for (Value* x : candidates) {
    Formula formula;
    if (!formula.collect(root, x) || !formula.has_bend()) continue;
    // Neither is within the tolerance of the other: they differ by 4.4e-4 at -2.5.
    const bool exact = is_function(formula, gelu);
    if (!exact && !is_function(formula, gelu_by_tanh)) continue;
    if (!formula.is_closed(rw)) return rw.no_match("a part of the formula has other uses");
    for (const Op* op : formula.steps())
      if (op != &root) rw.absorb(*op);
    return rw.replace_root(rw.add<Gelu>({x}, {.approximate = !exact}));
  }
  return rw.no_match("it is not gelu of any of its operands");
}

}  // namespace

Rule fuse_gelu() {
  return {"fuse-gelu", "x * (1 + erf(x / sqrt(2))) / 2, or its form with tanh, is gelu(x)",
          pat::op<Mul>(pat::any("a"), pat::any("b")), to_gelu};
}

}  // namespace tpuc
