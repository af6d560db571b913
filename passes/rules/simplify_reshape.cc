// reshape(reshape(x))  ->  reshape(x)
#include "ops/shape.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome merge(const Match& m, const Op& root, Rewriter& rw) {  // exact: elements keep their row-major order
  return rw.replace_root(rw.add<Reshape>({m["x"]}, root.attrs<Reshape>()));
}

}  // namespace

Rule merge_reshapes() {
  return {"merge-reshapes", "of two reshapes in a row the first is dropped",
          pat::op<Reshape>(pat::op<Reshape>(pat::any("x"))), merge};
}

}  // namespace tpuc
