// permute(softmax(permute(x){a}){axis}){b}  ->  softmax(x){axis=a[axis]}          where b undoes a
// Networks move channels behind the image for the softmax's sake, and back. Short rows fill a vector unit badly; long
// ones are worth the way.
#include "ops/shape.h"
#include "ops/softmax.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

constexpr int64_t kLongRow = 16;  // elements

Outcome drop_permutes(const Match& m, const Op& root, Rewriter& rw) {
  const auto &before = m.op("before").attrs<Permute>().order, &behind = root.attrs<Permute>().order;
  for (size_t i = 0; i < behind.size(); ++i)
    if (before[static_cast<size_t>(behind[i])] != static_cast<int64_t>(i))
      return rw.no_match("the permutes do not undo each other");
  Softmax::Attrs attrs = m.op("softmax").attrs<Softmax>();
  attrs.axis = before[static_cast<size_t>(attrs.axis)];
  if (const int64_t length = m["x"]->type.dims[static_cast<size_t>(attrs.axis)]; length >= kLongRow)
    return rw.no_match("the axis has 16 elements or more");
  return rw.replace_root(rw.add<Softmax>({m["x"]}, attrs));
}

}  // namespace

Rule softmax_between_permutes() {
  const auto before = pat::op<Permute>(pat::any("x")).as("before");
  return {"softmax-between-permutes", "a softmax along another axis needs no permutes around it",
          pat::op<Permute>(pat::op<Softmax>(before).one_use().as("softmax")), drop_permutes};
}

}  // namespace tpuc
