// op(constant, x)  ->  op(x, constant)     for commutative operators, so that other rules need one form only
#include "ops/eltwise.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome swap(const Match& m, const Op& root, Rewriter& rw) {  // exact: the operators are commutative
  return rw.replace_root(rw.add_op(root.def(), root.any_attrs(), {m["x"], m["c"]}));
}

template <class S>
Rule rule(std::string_view name) {
  return {name, "constants stand on the right of commutative operators",
          pat::op<S>(pat::constant("c"), pat::runtime("x")), swap};
}

}  // namespace

Rule move_constant_right_add() { return rule<Add>("move-constant-right-add"); }
Rule move_constant_right_mul() { return rule<Mul>("move-constant-right-mul"); }
Rule move_constant_right_min() { return rule<Min>("move-constant-right-min"); }
Rule move_constant_right_max() { return rule<Max>("move-constant-right-max"); }

}  // namespace tpuc
