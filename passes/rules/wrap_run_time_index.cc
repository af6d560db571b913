// gather(x, i)  ->  gather(x, i < 0 ? i + length : i) {non_negative=true}      i computed at run time; gather_elements
// and scatter_nd of one coordinate alike. The chip's copies read 0 at a negative index and write nothing; constant ones
// of gathers are wrapped when they become commands.
#include <algorithm>

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

Value* wrapped_constant(Rewriter& rw, Value* index, int64_t length) {
  const Tensor& t = index->tensor();
  std::vector<double> values = t.to_f64();
  if (std::none_of(values.begin(), values.end(), [](double i) { return i < 0; })) return index;
  for (double& i : values)
    if (i < 0) i += static_cast<double>(length);
  Tensor y(t.dtype(), t.dims());
  y.assign_f64(values);
  return rw.constant(std::move(y));
}

Value* wrapped(Rewriter& rw, Value* index, int64_t length) {
  if (is_never_negative(*index)) return index;
  if (index->is_constant()) return wrapped_constant(rw, index, length);
  Value* is_negative = rw.add<Less>({index, scalar(rw, *index, 0)});
  Value* from_end = rw.add<Add>({index, scalar(rw, *index, length)});
  return rw.add<Select>({is_negative, from_end, index});
}

template <class S>
Outcome wrap(const Match& m, const Op& root, Rewriter& rw) {
  typename S::Attrs attrs = root.attrs<S>();
  if (attrs.non_negative) return rw.no_match("no index is negative");
  if (root.place == Place::Host) return rw.no_match("the host wraps them itself");
  attrs.non_negative = true;
  Value* x = m["x"];
  Value* index = wrapped(rw, m["i"], x->type.dims[static_cast<size_t>(attrs.axis)]);
  return rw.replace_root(rw.add<S>({x, index}, attrs));
}

Outcome wrap_scatter(const Match& m, const Op& root, Rewriter& rw) {
  ScatterNd::Attrs attrs = root.attrs<ScatterNd>();
  if (attrs.non_negative) return rw.no_match("no index is negative");
  if (root.place == Place::Host) return rw.no_match("the host wraps them itself");
  if (m["i"]->type.dims.back() != 1) return rw.no_match("an index has several coordinates");
  attrs.non_negative = true;
  Value* index = wrapped(rw, m["i"], m["x"]->type.dims[0]);
  return rw.replace_root(rw.add<ScatterNd>({m["x"], index, m["u"]}, attrs));
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
Rule wrap_scatter_index() {
  return {"wrap-scatter-index", "the same for the rows of a scatter, and for constant indices",
          pat::op<ScatterNd>(pat::any("x"), pat::any("i"), pat::any("u")), wrap_scatter};
}

}  // namespace tpuc
