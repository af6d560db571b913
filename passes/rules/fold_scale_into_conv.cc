// scale(conv2d(x, W, b), s, t)  ->  conv2d(x, W*s, b*s + t)      likewise conv_transpose2d and matmul (rank 2)
//   W, b, s, t constant; the inner op used once and without activation
#include "ops/conv.h"
#include "ops/matmul.h"
#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// `order` lists the output channels of W's runs of `inner` elements, over and over; empty: 0, 1, 2, ...
// tol: W and b are rounded to their type once more.
template <class S>
Outcome fold(const Match& m, const Op& root, Rewriter& rw, int64_t inner, const std::vector<size_t>& order = {}) {
  auto attrs = m.op("inner").template attrs<S>();
  const Affine a = affine_of(rw.data(m["s"]), m["t"]);
  std::vector<double> factor = a.s;
  if (!order.empty()) factor.clear();
  for (const size_t o : order) factor.push_back(a.s[o]);
  std::vector<double> bias(a.s.size(), 0.0);
  if (m["b"] != nullptr) bias = rw.data(m["b"]).to_f64();
  for (size_t c = 0; c < bias.size(); ++c) bias[c] = bias[c] * a.s[c] + a.t[c];
  std::vector<Value*> in{m["x"], rw.constant(scaled(rw.data(m["w"]), factor, inner))};
  if (m["b"] != nullptr || !all_zero(bias)) in.push_back(channel_constant(rw, bias));
  attrs.activation = root.attrs<Scale>().activation;
  return rw.replace_root(rw.template add<S>(std::move(in), attrs));
}

Outcome into_conv(const Match& m, const Op& root, Rewriter& rw) {
  if (m.op("inner").attrs<Conv2d>().activation != Activation::None)
    return rw.no_match("the convolution carries an activation");
  const Dims& w = m["w"]->type.dims;
  return fold<Conv2d>(m, root, rw, w[1] * w[2] * w[3]);
}

// Iohw [C,O/group,R,S]: input channel c is followed by the output channels of its group.
Outcome into_conv_transpose(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = m.op("inner").attrs<ConvTranspose2d>();
  if (attrs.activation != Activation::None) return rw.no_match("the convolution carries an activation");
  const Dims& w = m["w"]->type.dims;
  if (attrs.filter == FilterOrder::Oihw) return fold<ConvTranspose2d>(m, root, rw, w[1] * w[2] * w[3]);
  std::vector<size_t> order;
  for (int64_t c = 0; c < w[0]; ++c)
    for (int64_t k = 0; k < w[1]; ++k) order.push_back(static_cast<size_t>(c / (w[0] / attrs.group) * w[1] + k));
  return fold<ConvTranspose2d>(m, root, rw, w[2] * w[3], order);
}

Outcome into_matmul(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = m.op("inner").attrs<MatMul>();
  if (attrs.activation != Activation::None) return rw.no_match("the product carries an activation");
  const Dims& w = m["w"]->type.dims;
  if (w.size() != 2 || root.out(0)->type.dims.size() != 2) return rw.no_match("the columns are not axis 1");
  return fold<MatMul>(m, root, rw, attrs.transpose_b ? w[1] : 1);
}

template <class S>
pat::Node pattern() {
  auto inner = pat::op<S>(pat::any("x"), pat::constant("w"), pat::optional(pat::constant("b"))).one_use().as("inner");
  return pat::op<Scale>(std::move(inner), pat::constant("s"), pat::optional(pat::constant("t")));
}

}  // namespace

Rule fold_scale_into_conv() {
  return {"fold-scale-into-conv", "a scale behind a convolution moves into filter and bias", pattern<Conv2d>(),
          into_conv};
}
Rule fold_scale_into_conv_transpose() {
  return {"fold-scale-into-conv-transpose", "a scale behind a transposed convolution moves into filter and bias",
          pattern<ConvTranspose2d>(), into_conv_transpose};
}
Rule fold_scale_into_matmul() {
  return {"fold-scale-into-matmul", "a scale behind a product of matrices moves into matrix and bias",
          pattern<MatMul>(), into_matmul};
}

}  // namespace tpuc
