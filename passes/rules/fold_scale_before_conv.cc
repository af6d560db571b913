// conv2d(scale(x, s, t), W, b)  ->  conv2d(x, W*s, b + sum W*t)      likewise matmul (rank 2)
//   s, t, W, b constant; the scale used once and without activation; with t, the convolution must not pad: the border
//   would be padded with zeros where it was padded with zeros after adding t
#include <algorithm>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

std::vector<double> bias_of(const Match& m, size_t channels) {
  return m["b"] == nullptr ? std::vector<double>(channels, 0.0) : m["b"]->tensor().to_f64();
}

template <class S>
Outcome finish(const Match& m, Rewriter& rw, const std::vector<double>& w, const std::vector<double>& bias,
               const typename S::Attrs& attrs) {
  Tensor filter(m["w"]->type);
  filter.assign_f64(w);
  std::vector<Value*> in{m["x"], rw.constant(std::move(filter))};
  if (m["b"] != nullptr || !all_zero(bias)) in.push_back(channel_constant(rw, bias));
  return rw.replace_root(rw.add<S>(std::move(in), attrs));
}

Outcome before_conv(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = root.attrs<Conv2d>();
  if (m.op("scale").attrs<Scale>().activation != Activation::None)
    return rw.no_match("the scale carries an activation");
  const Affine a = affine_of(rw.data(m["s"]), m["t"]);
  const bool pads = std::any_of(attrs.pads.begin(), attrs.pads.end(), [](int64_t p) { return p != 0; });
  if (pads && !all_zero(a.t)) return rw.no_match("the offset does not reach the padding");
  const Dims& d = m["w"]->type.dims;
  std::vector<double> w = rw.data(m["w"]).to_f64(), bias = bias_of(m, static_cast<size_t>(d[0]));
  size_t i = 0;
  for (int64_t o = 0; o < d[0]; ++o) {
    const int64_t first = o / (d[0] / attrs.group) * d[1];  // input channels of o's group start here
    for (int64_t c = first; c < first + d[1]; ++c)
      for (int64_t k = 0; k < d[2] * d[3]; ++k, ++i) {
        bias[static_cast<size_t>(o)] += w[i] * a.t[static_cast<size_t>(c)];
        w[i] *= a.s[static_cast<size_t>(c)];
      }
  }
  return finish<Conv2d>(m, rw, w, bias, attrs);
}

Outcome before_matmul(const Match& m, const Op& root, Rewriter& rw) {
  const auto& attrs = root.attrs<MatMul>();
  if (m.op("scale").attrs<Scale>().activation != Activation::None)
    return rw.no_match("the scale carries an activation");
  if (m["x"]->type.dims.size() != 2 || m["w"]->type.dims.size() != 2 || attrs.transpose_a)
    return rw.no_match("the summed axis is not axis 1");
  const Affine a = affine_of(rw.data(m["s"]), m["t"]);
  const Dims& d = m["w"]->type.dims;
  const int64_t n = attrs.transpose_b ? d[0] : d[1];
  std::vector<double> w = rw.data(m["w"]).to_f64(), bias = bias_of(m, static_cast<size_t>(n));
  for (size_t i = 0; i < w.size(); ++i) {
    const size_t row = i / static_cast<size_t>(d[1]), column = i % static_cast<size_t>(d[1]);
    const size_t k = attrs.transpose_b ? column : row, o = attrs.transpose_b ? row : column;
    bias[o] += w[i] * a.t[k];
    w[i] *= a.s[k];
  }
  return finish<MatMul>(m, rw, w, bias, attrs);
}

template <class S>
pat::Node pattern() {
  auto scale =
      pat::op<Scale>(pat::any("x"), pat::constant("s"), pat::optional(pat::constant("t"))).one_use().as("scale");
  return pat::op<S>(std::move(scale), pat::constant("w"), pat::optional(pat::constant("b")));
}

}  // namespace

Rule fold_scale_before_conv() {
  return {"fold-scale-before-conv", "a scale in front of a convolution moves into filter and bias", pattern<Conv2d>(),
          before_conv};
}
Rule fold_scale_before_matmul() {
  return {"fold-scale-before-matmul", "a scale in front of a product of matrices moves into matrix and bias",
          pattern<MatMul>(), before_matmul};
}

}  // namespace tpuc
