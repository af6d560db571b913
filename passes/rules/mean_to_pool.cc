// reduce{mean, axes=[2,3]}(x [N,C,H,W])  ->  avg_pool2d(x){kernel=[H,W]}, reshaped where the axes do not stay
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// tol: the same sum and one division, perhaps in another order.
Outcome apply(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = root.attrs<Reduce>();
  const TensorType& x = m["x"]->type;
  if (attrs.kind != ReduceKind::Mean) return rw.no_match("the reduction is no mean");
  if (x.dims.size() != 4 || attrs.axes != std::vector<int64_t>{2, 3} || !is_float(x.dtype))
    return rw.no_match("the axes are not the spatial ones of a float [N,C,H,W]");
  Value* v = rw.add<AvgPool2d>({m["x"]}, {.kernel = {x.dims[2], x.dims[3]}});
  if (!attrs.keep_dims) v = rw.add<Reshape>({v}, {.shape = {x.dims[0], x.dims[1]}});
  return rw.replace_root(v);
}

}  // namespace

Rule mean_to_pool() {
  return {"mean-to-pool", "a mean over the spatial axes is a global average pool", pat::op<Reduce>(pat::any("x")),
          apply};
}

}  // namespace tpuc
