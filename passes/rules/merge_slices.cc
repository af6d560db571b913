// slice(slice(x))  ->  slice(x)
#include "ops/slice.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome apply(const Match& m, const Op& root, Rewriter& rw) {
  const auto &first = m.op("inner").attrs<Slice>(), &second = root.attrs<Slice>();
  Slice::Attrs both = second;
  for (size_t i = 0; i < both.starts.size(); ++i) {
    both.starts[i] = first.starts[i] + second.starts[i] * first.steps[i];
    both.steps[i] = first.steps[i] * second.steps[i];
    // A step over one element is any number: keep it small so that it cannot overflow.
    if (both.sizes[i] <= 1) both.steps[i] = 1;
  }
  return rw.replace_root(rw.add<Slice>({m["x"]}, both));
}

}  // namespace

Rule merge_slices() {
  return {"merge-slices", "two slices in a row are one", pat::op<Slice>(pat::op<Slice>(pat::any("x")).as("inner")),
          apply};
}

}  // namespace tpuc
