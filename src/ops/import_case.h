// For tests of import rules: one ONNX node, given by its parts, becomes a graph that can be printed and evaluated.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ops/families.h"
#include "tpuc/frontend/node_view.h"
#include "tpuc/ir/registry.h"

namespace tpuc::ops::test {

class ImportCase {
 public:
  ImportCase(std::string op, int opset) {
    node_.name = "node";
    node_.op = std::move(op);
    node_.opset = opset;
    node_.output_names = {"y"};
  }
  ImportCase& input(Tensor t) {
    const std::string name = "x" + std::to_string(node_.in.size());
    Value* v = graph_->input(t.type, name);
    data_.emplace(v, std::move(t));
    return push(v, name);
  }
  ImportCase& constant(Tensor t) { return push(graph_->constant(std::move(t), "w"), "w"); }
  ImportCase& absent() { return push(nullptr, ""); }
  ImportCase& attr(const std::string& name, NodeAttr value) {
    node_.attrs.insert_or_assign(name, std::move(value));
    return *this;
  }
  ImportCase& domain(std::string name) {
    node_.domain = std::move(name);
    return *this;
  }
  ImportCase& output(const std::string& name) {
    node_.output_names.push_back(name);
    return *this;
  }

  // One result, computed operator by operator.
  Tensor run(size_t output = 0) {
    Value* y = import().at(output);
    for (const Op& op : graph_->ops()) {
      std::vector<const Tensor*> in;
      for (const Value* v : op.in())
        in.push_back(v == nullptr ? nullptr : v->is_constant() ? &v->tensor() : &data_.at(v));
      std::vector<Tensor> out = evaluate(op, in);
      for (size_t i = 0; i < out.size(); ++i) data_.insert_or_assign(op.out(i), std::move(out[i]));
    }
    return y->is_constant() ? y->tensor() : data_.at(y);
  }
  std::vector<double> values(size_t output = 0) { return run(output).to_f64(); }
  // Names of the operators made, in order.
  std::string ops() {
    import();
    std::string names;
    for (const Op& op : graph_->ops()) names += (names.empty() ? "" : " ") + std::string(op.name());
    return names;
  }
  // The one operator's attributes.
  template <class S>
  typename S::Attrs attrs() {
    import();
    REQUIRE(graph_->ops().size() == 1);
    return graph_->ops().front().attrs<S>();
  }
  // The number of the error that importing raises; 0 when there is none.
  int error() {
    try {
      import();
      return 0;
    } catch (const UserError& e) {
      return static_cast<int>(e.diagnostics().at(0).code);
    }
  }

 private:
  ImportCase& push(Value* v, const std::string& name) {
    node_.in.push_back(v);
    node_.input_names.push_back(name);
    return *this;
  }
  Values import() {
    for (const OpDef& def : all_ops())
      for (const ImportRule& rule : def.imports)
        if (rule.op == (node_.domain.empty() ? "onnx" : node_.domain) + "." + node_.op &&
            rule.first_opset <= node_.opset && node_.opset <= rule.last_opset) {
          Builder builder(*graph_, {node_.name});
          return rule.fn(node_, builder);
        }
    FAIL("no rule for " << node_.op);
    return {};
  }

  Module module_;
  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>("g", *module_.constants);
  NodeView node_;
  std::map<const Value*, Tensor> data_;
};

// Elements 0, 1, 2, ... in f32.
inline Tensor counting(Dims dims) {
  std::vector<float> v(static_cast<size_t>(element_count(dims)));
  for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i);
  return Tensor::from_f32(std::move(dims), v);
}

using Ints = std::vector<int64_t>;

}  // namespace tpuc::ops::test
