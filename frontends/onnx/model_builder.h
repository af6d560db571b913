// For tests: small ONNX models from a few words. Attributes are added to the last node.
#pragma once

#include <onnx/onnx_pb.h>

#include <span>
#include <string>
#include <vector>

#include "tpuc/frontend/onnx.h"

namespace tpuc::test {

class ModelBuilder {
 public:
  explicit ModelBuilder(int64_t opset = 13) : ModelBuilder("", opset) {}
  ModelBuilder(const std::string& domain, int64_t opset) {
    model.set_ir_version(8);
    auto* set = model.add_opset_import();
    set->set_domain(domain);
    set->set_version(opset);
    graph()->set_name("test");
  }

  // A dimension below 0 is left open under the name "n".
  ModelBuilder& input(const std::string& name, const std::vector<int64_t>& dims, int32_t type = 1) {
    auto* v = graph()->add_input();
    v->set_name(name);
    auto* t = v->mutable_type()->mutable_tensor_type();
    t->set_elem_type(type);
    t->mutable_shape();
    for (const int64_t d : dims) {
      auto* dim = t->mutable_shape()->add_dim();
      if (d < 0)
        dim->set_dim_param("n");
      else
        dim->set_dim_value(d);
    }
    return *this;
  }
  ModelBuilder& output(const std::string& name) {
    graph()->add_output()->set_name(name);
    return *this;
  }
  onnx::TensorProto& tensor(const std::string& name, const std::vector<int64_t>& dims, int32_t type) {
    auto* t = graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(type);
    for (const int64_t d : dims) t->add_dims(d);
    return *t;
  }
  ModelBuilder& floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
    auto& t = tensor(name, dims, onnx::TensorProto::FLOAT);
    for (const float v : values) t.add_float_data(v);
    return *this;
  }
  ModelBuilder& ints(const std::string& name, const std::vector<int64_t>& dims, const std::vector<int64_t>& values) {
    auto& t = tensor(name, dims, onnx::TensorProto::INT64);
    for (const int64_t v : values) t.add_int64_data(v);
    return *this;
  }
  ModelBuilder& node(const std::string& op, const std::vector<std::string>& in, const std::vector<std::string>& out) {
    auto* n = graph()->add_node();
    n->set_op_type(op);
    for (const auto& name : in) n->add_input(name);
    for (const auto& name : out) n->add_output(name);
    return *this;
  }
  ModelBuilder& attr(const std::string& name, int64_t value) {
    auto* a = add_attr(name, onnx::AttributeProto::INT);
    a->set_i(value);
    return *this;
  }
  ModelBuilder& attr(const std::string& name, const std::vector<int64_t>& values) {
    auto* a = add_attr(name, onnx::AttributeProto::INTS);
    for (const int64_t v : values) a->add_ints(v);
    return *this;
  }
  ModelBuilder& attr(const std::string& name, const std::string& value) {
    add_attr(name, onnx::AttributeProto::STRING)->set_s(value);
    return *this;
  }
  onnx::AttributeProto* add_attr(const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto* a = last()->add_attribute();
    a->set_name(name);
    a->set_type(type);
    return a;
  }

  OnnxCheck check(const ImportOptions& options = {}) const {
    const std::string bytes = model.SerializeAsString();
    Source source;
    source.bytes = std::as_bytes(std::span(bytes));
    return check_onnx(source, options);
  }
  // The numbers of all problems, in order.
  std::vector<int> errors(const ImportOptions& options = {}) const {
    std::vector<int> codes;
    for (const auto& d : check(options).problems) codes.push_back(static_cast<int>(d.code));
    return codes;
  }

  onnx::GraphProto* graph() { return model.mutable_graph(); }
  onnx::NodeProto* last() { return graph()->mutable_node(graph()->node_size() - 1); }

  onnx::ModelProto model;
};

}  // namespace tpuc::test
