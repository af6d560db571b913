// clip{0, no upper bound}(x)  ->  relu(x)
#include <limits>

#include "ops/activation.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome apply(const Match& m, const Op& root, Rewriter& rw) {
  const auto& a = root.attrs<Clip>();
  if (a.min != 0.0f || a.max < std::numeric_limits<float>::max()) return rw.no_match("the bounds are not 0 and none");
  return rw.replace_root(rw.add<Relu>({m["x"]}));
}

}  // namespace

Rule clip_to_relu() {
  return {"clip-to-relu", "a clip at zero without upper bound is relu", pat::op<Clip>(pat::any("x")), apply};
}

}  // namespace tpuc
