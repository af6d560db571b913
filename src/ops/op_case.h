// For tests of operators: one operator on given tensors, inferred, evaluated and sent through the text form.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
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
  CHECK(print(parse_module(text)) == text);
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
// Element by element, within a relative 1e-6.
inline void check_close(const Reals& got, const Reals& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(want[i]).epsilon(1e-6).margin(1e-7));
}

}  // namespace tpuc::ops::test
