// gather(x, indices)  ->  slice(x), reshaped where the indices are not a vector
//   indices constant and evenly spaced: i, i + step, i + 2*step, ...
#include "ops/gather.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome apply(const Match& m, const Op& root, Rewriter& rw) {
  const auto axis = static_cast<size_t>(root.attrs<Gather>().axis);
  const Dims& dims = m["x"]->type.dims;
  std::vector<int64_t> index = rw.data(m["indices"]).to_i64();
  if (index.empty()) return rw.no_match("there are no indices");
  for (int64_t& i : index) {
    if (i < -dims[axis] || i >= dims[axis]) return rw.no_match("an index is out of range");
    if (i < 0) i += dims[axis];
  }
  const int64_t step = index.size() > 1 ? index[1] - index[0] : 1;
  for (size_t i = 1; i < index.size(); ++i)
    if (step == 0 || index[i] - index[i - 1] != step) return rw.no_match("the indices are not evenly spaced");
  Slice::Attrs slice{Dims(dims.size(), 0), Dims(dims.size(), 1), dims};
  slice.starts[axis] = index[0];
  slice.steps[axis] = step;
  slice.sizes[axis] = static_cast<int64_t>(index.size());
  Value* v = rw.add<Slice>({m["x"]}, slice);
  if (m["indices"]->type.dims.size() != 1) v = rw.add<Reshape>({v}, {.shape = root.out(0)->type.dims});
  return rw.replace_root(v);
}

}  // namespace

Rule gather_to_slice() {
  return {"gather-to-slice", "picking evenly spaced indices is a slice",
          pat::op<Gather>(pat::any("x"), pat::constant("indices")), apply};
}

}  // namespace tpuc
