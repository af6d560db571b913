// concat(a, e, b)  ->  concat(a, b)      where e has no elements: the cache of a decoder at its first step
#include "ops/slice.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome drop_empty(const Match&, const Op& root, Rewriter& rw) {
  std::vector<Value*> in;
  for (Value* v : root.in())
    if (element_count(v->type) != 0) in.push_back(v);
  if (in.size() == root.in().size()) return rw.no_match("every operand has elements");
  if (in.empty()) return rw.no_match("no operand has elements");
  return rw.replace_root(rw.add<Concat>(std::move(in), root.attrs<Concat>()));
}

}  // namespace

Rule drop_empty_operands() {
  return {"drop-empty-operands", "a concat leaves out tensors without elements", pat::op<Concat>(), drop_empty};
}

}  // namespace tpuc
