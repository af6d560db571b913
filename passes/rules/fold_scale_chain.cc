// scale(scale(x, s1, t1), s2, t2)  ->  scale(x, s1*s2, t1*s2 + t2)
#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// tol: one rounding less per element; the new constants are rounded to f32 once.
Outcome apply(const Match& m, const Op& root, Rewriter& rw) {
  if (m.op("inner").attrs<Scale>().activation != Activation::None)
    return rw.no_match("the inner scale carries an activation");
  const Affine a = affine_of(rw.data(m["s1"]), m["t1"]), b = affine_of(rw.data(m["s2"]), m["t2"]);
  Affine both = b;
  for (size_t c = 0; c < a.s.size(); ++c) {
    both.s[c] = a.s[c] * b.s[c];
    both.t[c] = a.t[c] * b.s[c] + b.t[c];
  }
  std::vector<Value*> in{m["x"], channel_constant(rw, both.s)};
  if (!all_zero(both.t)) in.push_back(channel_constant(rw, both.t));
  return rw.replace_root(rw.add<Scale>(std::move(in), root.attrs<Scale>()));
}

}  // namespace

Rule fold_scale_chain() {
  auto inner = pat::op<Scale>(pat::any("x"), pat::constant("s1"), pat::optional(pat::constant("t1"))).as("inner");
  return {"fold-scale-chain", "two scales in a row are one",
          pat::op<Scale>(std::move(inner), pat::constant("s2"), pat::optional(pat::constant("t2"))), apply};
}

}  // namespace tpuc
