// batch_norm(x, gamma, beta, mean, var)  ->  scale(x, s, t)     s = gamma / sqrt(var + epsilon), t = beta - mean * s
#include <cmath>

#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// tol: s and t are rounded to f32 once, relative error 2^-24 each.
Outcome apply(const Match& m, const Op& root, Rewriter& rw) {
  const std::vector<double> gamma = rw.data(m["gamma"]).to_f64(), beta = rw.data(m["beta"]).to_f64();
  const std::vector<double> mean = rw.data(m["mean"]).to_f64(), var = rw.data(m["var"]).to_f64();
  Affine a{gamma, beta};
  for (size_t c = 0; c < gamma.size(); ++c) {
    a.s[c] = gamma[c] / std::sqrt(var[c] + static_cast<double>(root.attrs<BatchNorm>().epsilon));
    a.t[c] = beta[c] - mean[c] * a.s[c];
  }
  return rw.replace_root(rw.add<Scale>({m["x"], channel_constant(rw, a.s), channel_constant(rw, a.t)}));
}

}  // namespace

Rule batch_norm_to_scale() {
  return {"batch-norm-to-scale", "batch_norm with constant statistics is a scale",
          pat::op<BatchNorm>(pat::any("x"), pat::constant("gamma"), pat::constant("beta"), pat::constant("mean"),
                             pat::constant("var")),
          apply};
}

}  // namespace tpuc
