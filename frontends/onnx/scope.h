// What the tensor names of an ONNX graph stand for while it is imported. The graph of an If branch sees the names of
// the graphs around it.
#pragma once

#include <string>
#include <unordered_map>

#include "frontends/onnx/model.h"

namespace tpuc::frontend {

struct Binding {
  Value* value = nullptr;  // null: the tensor could not be made, for a reason already told
  std::string culprit;     // then: the node at fault
};

class Scope {
 public:
  Scope(GraphRecord& graph, Scope* opt_outer) : graph_(&graph), outer_(opt_outer) {}
  void bind(const std::string& name, Binding b) { names_[name] = std::move(b); }
  // Null when the name is not bound here or around.
  const Binding* find(const std::string& name) const {
    const auto it = names_.find(name);
    if (it != names_.end()) return &it->second;
    return outer_ == nullptr ? nullptr : outer_->find(name);
  }
  bool knows(const std::string& name) const {
    return names_.count(name) != 0 || graph_->initializers.count(name) != 0 ||
           (outer_ != nullptr && outer_->knows(name));
  }
  GraphRecord& graph() const { return *graph_; }
  Scope* outer() const { return outer_; }

 private:
  GraphRecord* graph_;
  Scope* outer_;
  std::unordered_map<std::string, Binding> names_;
};

}  // namespace tpuc::frontend
