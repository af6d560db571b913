// For tests of operators: one operator on given tensors, inferred, evaluated and sent through the text form.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/ir/text.h"

namespace tpuc::ops::test {

inline Tensor f32(Dims dims, const std::vector<float>& values) { return Tensor::from_f32(std::move(dims), values); }
inline Tensor i64(Dims dims, const std::vector<int64_t>& values) { return Tensor::from_i64(std::move(dims), values); }
inline Tensor typed(DType dtype, Dims dims, const std::vector<double>& values) {
  Tensor t(dtype, std::move(dims));
  t.assign_f64(values);
  return t;
}

// All results of operator S. Also checks that printing and parsing the graph gives the same text.
template <class S>
std::vector<Tensor> eval_all(const std::vector<Tensor>& in, typename S::Attrs attrs = {}) {
  Module module;
  Net net{"net", {}};
  net.stages.push_back(std::make_unique<Graph>("g", *module.constants));
  Graph& g = *net.stages[0];
  Values inputs;
  std::vector<const Tensor*> pointers;
  for (const Tensor& t : in) {
    inputs.push_back(g.input(t.type, "x"));
    pointers.push_back(&t);
  }
  Op& op = g.add<S>(inputs, std::move(attrs), "y");
  Values outputs;
  for (const auto& v : op.out()) outputs.push_back(v.get());
  g.set_outputs(outputs);
  module.nets.push_back(std::move(net));
  const std::string text = print(module);
  TPUC_CHECK(print(parse_module(text)) == text, "text form is not stable:\n{}", text);
  return evaluate(op, pointers);
}
template <class S>
Tensor eval(const std::vector<Tensor>& in, typename S::Attrs attrs = {}) {
  return eval_all<S>(in, std::move(attrs)).at(0);
}
template <class S>
std::vector<double> values(const std::vector<Tensor>& in, typename S::Attrs attrs = {}) {
  return eval<S>(in, std::move(attrs)).to_f64();
}

// The number of the first error that adding (and evaluating) the operator raises; 0 when there is none.
template <class S>
int error_of(const std::vector<Tensor>& in, typename S::Attrs attrs = {}) {
  try {
    eval_all<S>(in, std::move(attrs));
    return 0;
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().at(0).code);
  }
}

using Reals = std::vector<double>;
// Throws unless all elements agree within a relative 1e-6.
inline void check_close(const Reals& got, const Reals& want) {
  TPUC_CHECK(got.size() == want.size(), "{} elements, expected {}", got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i)
    TPUC_CHECK(std::abs(got[i] - want[i]) <= 1e-7 + 1e-6 * std::abs(want[i]), "element {}: {}, expected {}", i, got[i],
               want[i]);
}

// The value of a graph with one operator, given as text, for the input x = `x`.
inline std::vector<double> value_of_text(const std::string& text, const Tensor& x) {
  const Module module = parse_module(text);
  const Op& op = module.nets.at(0).stages.at(0)->ops().front();
  std::vector<const Tensor*> in;
  for (const Value* v : op.in()) in.push_back(v->is_constant() ? &v->tensor() : &x);
  return evaluate(op, in).at(0).to_f64();
}

}  // namespace tpuc::ops::test
