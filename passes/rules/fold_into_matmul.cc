// add(matmul(a, b, bias?), c)  ->  matmul(a, b, bias + c)         c constant, one number per column
// mul(matmul(a, W, bias?), c)  ->  matmul(a, W*c, bias*c)         c a single constant, W constant
//   The product is used once and carries no activation. Constants stand on the right (move-constant-right).
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "passes/rules/affine.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// One number per column (last axis) of the product; nothing where c varies along other axes.
std::optional<std::vector<double>> column_values(const Tensor& c, const Dims& product) {
  if (c.dims().size() > product.size()) return std::nullopt;
  const int64_t columns = product.back();
  const bool is_row = !c.dims().empty() && c.dims().back() == columns && c.count() == columns;
  if (!is_row && c.count() != 1) return std::nullopt;
  std::vector<double> values = c.to_f64();
  if (values.size() == 1) values.resize(static_cast<size_t>(columns), values[0]);
  return values;
}

std::vector<double> bias_of(const Match& m, size_t columns) {
  return m["bias"] == nullptr ? std::vector<double>(columns, 0.0) : m["bias"]->tensor().to_f64();
}

// tol: bias + c is rounded to f32 once; the sum has one rounding less.
Outcome add_to_bias(const Match& m, const Op& root, Rewriter& rw) {
  auto attrs = m.op("product").attrs<MatMul>();
  if (!is_float(m["a"]->type.dtype)) return rw.no_match("the product is one of integers");
  if (attrs.activation != Activation::None) return rw.no_match("the product carries an activation");
  const Dims& product = m.op("product").out(0)->type.dims;
  auto c = column_values(rw.data(m["c"]), product);
  if (!c) return rw.no_match("the constant is not one number per column");
  const std::vector<double> bias = bias_of(m, c->size());
  for (size_t i = 0; i < bias.size(); ++i) (*c)[i] += bias[i];
  attrs.activation = root.attrs<Add>().activation;
  return rw.replace_root(rw.add<MatMul>({m["a"], m["b"], channel_constant(rw, *c)}, attrs));
}

// tol: W*c is rounded to W's type once more.
Outcome scale_matrix(const Match& m, const Op&, Rewriter& rw) {
  const auto& attrs = m.op("product").attrs<MatMul>();
  if (!is_float(m["a"]->type.dtype)) return rw.no_match("the product is one of integers");
  if (attrs.activation != Activation::None) return rw.no_match("the product carries an activation");
  const Tensor& c = rw.data(m["c"]);
  if (c.count() != 1 || c.dims().size() > m.op("product").out(0)->type.dims.size())
    return rw.no_match("the constant is not a single number");
  const double factor = c.to_f64()[0];
  std::vector<Value*> in{m["a"], rw.constant(scaled(rw.data(m["b"]), {factor}, 1))};
  if (m["bias"] != nullptr) in.push_back(rw.constant(scaled(rw.data(m["bias"]), {factor}, 1)));
  return rw.replace_root(rw.add<MatMul>(std::move(in), attrs));
}

pat::Node product(pat::Node b) {
  return pat::op<MatMul>(pat::any("a"), std::move(b), pat::optional(pat::constant("bias"))).one_use().as("product");
}

}  // namespace

Rule fold_add_into_matmul() {
  return {"fold-add-into-matmul", "a constant added to each row becomes the bias",
          pat::op<Add>(product(pat::any("b")), pat::constant("c")), add_to_bias};
}
Rule fold_mul_into_matmul() {
  return {"fold-mul-into-matmul", "a constant factor moves into the constant matrix",
          pat::op<Mul>(product(pat::constant("b")), pat::constant("c")), scale_matrix};
}

}  // namespace tpuc
