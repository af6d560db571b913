// op(x)  ->  x     where the op's attributes make it change nothing
#include <algorithm>

#include "ops/cast.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

bool same_type(const Op& op) {
  return op.in(0)->type.dtype == op.out(0)->type.dtype && op.in(0)->type.dims == op.out(0)->type.dims;
}

bool is_identity(const Permute::Attrs& a) { return std::is_sorted(a.order.begin(), a.order.end()); }
bool is_identity(const Slice::Attrs& a) {  // with x's own dimensions only a reversed axis makes a difference
  for (size_t i = 0; i < a.sizes.size(); ++i)
    if (a.sizes[i] > 1 && a.steps[i] < 0) return false;
  return true;
}
template <class A>
bool is_identity(const A&) {  // same type and dimensions say it all
  return true;
}

template <class S>
Outcome drop(const Match& m, const Op& root, Rewriter& rw) {
  if (!same_type(root)) return rw.no_match("the result has another type");
  if (!is_identity(root.attrs<S>())) return rw.no_match("elements move");
  return rw.replace_root(m["x"]);
}

template <class S>
Rule rule(std::string_view name, std::string_view doc) {
  return {name, doc, pat::op<S>(pat::any("x")), drop<S>};
}

}  // namespace

Rule remove_identity_cast() { return rule<Cast>("remove-identity-cast", "a cast to its own type is dropped"); }
Rule remove_identity_reshape() {
  return rule<Reshape>("remove-identity-reshape", "a reshape to its own dimensions is dropped");
}
Rule remove_identity_permute() {
  return rule<Permute>("remove-identity-permute", "a permute that keeps the order is dropped");
}
Rule remove_identity_expand() {
  return rule<Expand>("remove-identity-expand", "an expand to its own dimensions is dropped");
}
Rule remove_identity_tile() { return rule<Tile>("remove-identity-tile", "a tile of one copy is dropped"); }
Rule remove_identity_slice() { return rule<Slice>("remove-identity-slice", "a slice of everything is dropped"); }
Rule remove_identity_pad() { return rule<Pad>("remove-identity-pad", "a pad by nothing is dropped"); }
Rule remove_identity_concat() { return rule<Concat>("remove-identity-concat", "a concat of one tensor is dropped"); }

}  // namespace tpuc
