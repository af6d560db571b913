// See evaluate_graph.h.
#include "evaluate_graph.h"

#include <cmath>
#include <random>
#include <unordered_map>

namespace tpuc::test {

std::vector<Tensor> random_inputs(const Graph& graph, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Tensor> inputs;
  for (const auto& v : graph.inputs()) {
    std::vector<double> values(static_cast<size_t>(element_count(v->type)));
    for (double& x : values)
      x = is_float(v->type.dtype)        ? static_cast<double>(random() % 4001) / 1000.0 - 2.0
          : v->type.dtype == DType::Bool ? static_cast<double>(random() % 2)
                                         : static_cast<double>(random() % 4);
    inputs.emplace_back(v->type);
    inputs.back().assign_f64(values);
  }
  return inputs;
}

std::vector<Tensor> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::unordered_map<const Value*, Tensor> values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor t(graph.inputs()[i]->type);
    t.assign_f64(inputs[i].to_f64());
    values.emplace(graph.inputs()[i].get(), std::move(t));
  }
  const auto data = [&](const Value* v) -> const Tensor* {
    return v == nullptr ? nullptr : v->is_constant() ? &v->tensor() : &values.at(v);
  };
  for (const Op& op : graph.ops()) {
    std::vector<const Tensor*> in;
    for (const Value* v : op.in()) in.push_back(data(v));
    std::vector<Tensor> out = evaluate(op, in);
    for (size_t i = 0; i < out.size(); ++i) values.emplace(op.out(i), std::move(out[i]));
  }
  std::vector<Tensor> outputs;
  for (const Value* v : graph.outputs()) outputs.push_back(*data(v));
  return outputs;
}

std::string compare_values(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double rtol) {
  if (a.size() != b.size()) return fmt::format("{} outputs and {}", a.size(), b.size());
  for (size_t n = 0; n < a.size(); ++n) {
    if (a[n].dims() != b[n].dims())
      return fmt::format("output {}: {} and {}", n, to_string(a[n].dims()), to_string(b[n].dims()));
    const std::vector<double> x = a[n].to_f64(), y = b[n].to_f64();
    for (size_t i = 0; i < x.size(); ++i) {
      const bool same = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
      if (!same && !(std::fabs(x[i] - y[i]) <= rtol * (1 + std::fabs(x[i]))))
        return fmt::format("output {}, element {}: {} and {}", n, i, x[i], y[i]);
    }
  }
  return {};
}

}  // namespace tpuc::test
