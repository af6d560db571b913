// gather(x, i)  ->  gather(x, i < 0 ? i + length : i) {non_negative=true}      i computed at run time; gather_elements
// alike The chip's copies read 0 at a negative index; constant ones are wrapped when they become commands.
#include "ops/cast.h"
#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/reduce.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

bool is_never_negative(const Value& index) {
  const Op* op = index.def;
  if (op == nullptr) return false;
  if (op->is<ArgMax>() || op->is<ArgMin>()) return true;
  const DType from = op->in(0) == nullptr ? DType::F32 : op->in(0)->type.dtype;
  return op->is<Cast>() && (from == DType::U8 || from == DType::Bool);
}

Value* scalar(Rewriter& rw, const Value& like, int64_t value) {
  Tensor t(like.type.dtype, Dims(like.type.dims.size(), 1));
  t.assign_f64(std::vector{static_cast<double>(value)});
  return rw.constant(std::move(t));
}

template <class S>
Outcome wrap(const Match& m, const Op& root, Rewriter& rw) {
  typename S::Attrs attrs = root.attrs<S>();
  if (attrs.non_negative) return rw.no_match("no index is negative");
  if (root.place == Place::Host) return rw.no_match("the host wraps them itself");
  attrs.non_negative = true;
  Value *x = m["x"], *index = m["i"];
  if (!is_never_negative(*index)) {
    Value* is_negative = rw.add<Less>({index, scalar(rw, *index, 0)});
    Value* from_end = rw.add<Add>({index, scalar(rw, *index, x->type.dims[static_cast<size_t>(attrs.axis)])});
    index = rw.add<Select>({is_negative, from_end, index});
  }
  return rw.replace_root(rw.add<S>({x, index}, attrs));
}

}  // namespace

Rule wrap_gather_index() {
  return {"wrap-gather-index", "negative indices computed at run time count from the end",
          pat::op<Gather>(pat::any("x"), pat::runtime("i")), wrap<Gather>};
}
Rule wrap_gather_elements_index() {
  return {"wrap-gather-elements-index", "the same for single elements",
          pat::op<GatherElements>(pat::any("x"), pat::runtime("i")), wrap<GatherElements>};
}

}  // namespace tpuc
