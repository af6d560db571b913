// cast<T>(cast<U>(x:T))  ->  x   if every T value survives in U (f16 -> f32 -> f16), or if both casts are our own
//   lowering's (f32 -> f16 -> f32 between two f32 islands: dropping it adds precision and removes an overflow).
//   A model's own narrowing stays.
// cast<T>(cast<U>(x:S))  ->  cast<T>(x)   if every S value survives in U
#include "ops/cast.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome fold(const Match& m, const Op& root, Rewriter& rw) {
  const DType t = m["x"]->type.dtype, u = m["mid"]->type.dtype;
  const bool ours =
      root.attrs<Cast>().origin == Origin::Lowering && m.op("inner").attrs<Cast>().origin == Origin::Lowering;
  if (root.out(0)->type.dtype != t) return rw.no_match("the pair does not return to the source type");
  if (!(ours && is_float(t) && is_float(u)) && !holds_all_values(u, t))
    return rw.no_match("the middle type loses values and the model asked for it");
  return rw.replace_root(m["x"]);
}

Outcome merge(const Match& m, const Op& root, Rewriter& rw) {  // exact: the first cast changes no value
  const DType s = m["x"]->type.dtype, u = m["mid"]->type.dtype;
  if (root.out(0)->type.dtype == s) return rw.no_match("the pair returns to the source type");
  if (!holds_all_values(u, s)) return rw.no_match("the middle type loses values");
  return rw.replace_root(rw.add<Cast>({m["x"]}, root.attrs<Cast>()));
}

// No one_use on purpose: another user of the inner cast keeps it alive and nothing is duplicated.
pat::Node pair() { return pat::op<Cast>(pat::op<Cast>(pat::any("x")).as("inner", "mid")); }

}  // namespace

Rule fold_cast_pair() { return {"fold-cast-pair", "a cast there and back is dropped", pair(), fold}; }
Rule merge_casts() { return {"merge-casts", "a cast behind a widening cast reads the source", pair(), merge}; }

}  // namespace tpuc
