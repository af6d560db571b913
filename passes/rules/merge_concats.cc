// concat(a, concat(b, c), d)  ->  concat(a, b, c, d)      same axis; the inner one used once
#include "ops/slice.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome apply(const Match&, const Op& root, Rewriter& rw) {
  const int64_t axis = root.attrs<Concat>().axis;
  std::vector<Value*> in;
  std::string why = "no operand is a concat";
  bool found = false;
  for (Value* v : root.in()) {
    const Op* inner = v->def;
    if (inner == nullptr || !inner->is<Concat>()) {
      in.push_back(v);
    } else if (inner->attrs<Concat>().axis != axis || v->uses.size() != 1 || rw.is_output(v)) {
      why = "%" + v->name + " is along another axis or has other uses";
      in.push_back(v);
    } else {
      found = true;
      rw.absorb(*inner);
      in.insert(in.end(), inner->in().begin(), inner->in().end());
    }
  }
  if (!found) return rw.no_match(why);
  return rw.replace_root(rw.add<Concat>(std::move(in), root.attrs<Concat>()));
}

}  // namespace

Rule merge_concats() { return {"merge-concats", "nested concats are one", pat::op<Concat>(), apply}; }

}  // namespace tpuc
