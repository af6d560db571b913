// A transposed convolution's filter that is computed at run time is turned from iohw to oihw once; "turned" is the
// attribute `filter`. A permute that the model itself put before the filter is absorbed instead of doubled:
//   conv_transpose2d(x, permute(w)){iohw}               ->  conv_transpose2d(x, w){oihw}      order [1,0,2,3], one
//   group conv_transpose2d(x, reshape(permute(w))){iohw}      ->  conv_transpose2d(x, reshape(w)){oihw}
//                                                           w [group,O,I,R,S], order [0,2,1,3,4]
//   conv_transpose2d(x, w){iohw}                        ->  conv_transpose2d(x, permute(w)){oihw}
#include "ops/conv.h"
#include "ops/shape.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome with_filter(Value* filter, const Op& root, Rewriter& rw) {
  auto attrs = root.attrs<ConvTranspose2d>();
  attrs.filter = FilterOrder::Oihw;
  std::vector<Value*> in = root.in();
  in[1] = filter;
  return rw.replace_root(rw.add<ConvTranspose2d>(std::move(in), attrs));
}

bool is_turned(const Op& root) { return root.attrs<ConvTranspose2d>().filter == FilterOrder::Oihw; }

Outcome absorb(const Match& m, const Op& root, Rewriter& rw) {
  if (is_turned(root)) return rw.no_match("the filter is in oihw order");
  if (root.attrs<ConvTranspose2d>().group != 1) return rw.no_match("the filter is grouped");
  if (m.op("permute").attrs<Permute>().order != std::vector<int64_t>{1, 0, 2, 3})
    return rw.no_match("the permute does not exchange the first two axes");
  return with_filter(m["w"], root, rw);
}

Outcome absorb_grouped(const Match& m, const Op& root, Rewriter& rw) {
  if (is_turned(root)) return rw.no_match("the filter is in oihw order");
  if (m.op("permute").attrs<Permute>().order != std::vector<int64_t>{0, 2, 1, 3, 4})
    return rw.no_match("the permute does not exchange axes 1 and 2 of five");
  const Dims &w = m["w"]->type.dims, &filter = root.in(1)->type.dims;  // [g,O,I,R,S], [g*I,O,R,S]
  if (w[0] != root.attrs<ConvTranspose2d>().group || filter != Dims{w[0] * w[2], w[1], w[3], w[4]})
    return rw.no_match("the reshape does not join groups and input channels");
  return with_filter(rw.add<Reshape>({m["w"]}, {.shape = {w[0] * w[1], w[2], w[3], w[4]}}), root, rw);
}

Outcome reorder(const Match& m, const Op& root, Rewriter& rw) {
  if (is_turned(root)) return rw.no_match("the filter is in oihw order");
  const Dims& w = m["w"]->type.dims;
  const int64_t g = root.attrs<ConvTranspose2d>().group;
  if (g == 1) return with_filter(rw.add<Permute>({m["w"]}, {.order = {1, 0, 2, 3}}), root, rw);
  Value* groups = rw.add<Reshape>({m["w"]}, {.shape = {g, w[0] / g, w[1], w[2], w[3]}});
  Value* turned = rw.add<Permute>({groups}, {.order = {0, 2, 1, 3, 4}});
  return with_filter(rw.add<Reshape>({turned}, {.shape = {g * w[1], w[0] / g, w[2], w[3]}}), root, rw);
}

pat::Node convolution(pat::Node filter) {
  return pat::op<ConvTranspose2d>(pat::any("x"), std::move(filter), pat::optional(pat::any("bias")));
}
pat::Node permute() { return pat::op<Permute>(pat::runtime("w")).as("permute"); }

}  // namespace

Rule absorb_filter_permute() {
  return {"absorb-filter-permute", "a model's own permute of a run-time filter is what a transposed convolution needs",
          convolution(permute()), absorb};
}
Rule absorb_grouped_filter_permute() {
  return {"absorb-grouped-filter-permute", "the same where the filter is grouped by batch",
          convolution(pat::op<Reshape>(permute())), absorb_grouped};
}
Rule reorder_runtime_filter() {
  return {"reorder-runtime-filter", "the filter of a transposed convolution in the order of a convolution's",
          convolution(pat::runtime("w")), reorder};
}

}  // namespace tpuc
