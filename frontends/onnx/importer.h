// ModelRecord -> Graph: walks the nodes, lets operators import themselves, folds what is constant at once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "frontends/onnx/fold.h"
#include "frontends/onnx/model.h"
#include "frontends/onnx/scope.h"
#include "tpuc/frontend/onnx.h"

namespace tpuc::frontend {

class Importer {
 public:
  Importer(ModelRecord& model, const ImportOptions& options) : model_(model), options_(options) {
    budget_.bytes_each = options.fold_limit_bytes;
  }
  // Imports all it can. What went wrong is in the result's `problems`.
  OnnxCheck run();
  // Inputs without a value whose values decide shapes, axes, bounds or branches.
  const std::set<std::string>& deciding_inputs() const { return deciding_; }

 private:
  void check_opset();
  std::vector<std::string> wanted_outputs();
  void bind_inputs(Scope& scope, const std::set<std::string>& used);
  void import_nodes(Scope& scope, const std::vector<size_t>& order, std::vector<ImportedNode>& reports);
  void import_node(Scope& scope, NodeRecord& node, ImportedNode& report);
  void refuse_unknown(const NodeRecord& node, const NodeView& view, ImportedNode& report);
  NodeView make_view(Scope& scope, NodeRecord& node, std::string& culprit);
  Values import_if(Scope& scope, const NodeRecord& node, const NodeView& view);
  const Binding* resolve(Scope& scope, const std::string& name);
  void bind_outputs(Scope& scope, const NodeRecord& node, const Values& results);
  void poison(Scope& scope, const NodeRecord& node, const std::string& culprit);
  void set_outputs(Scope& scope, const std::vector<std::string>& wanted);
  Value* output_value(Value* v, const std::string& name, const std::vector<Value*>& others);
  Value* without_quant(Value* v);
  void tell(const NodeRecord& node, const NodeView& view, const std::vector<Diagnostic>& diagnostics,
            ImportedNode& report);
  bool is_repeated(const NodeRecord& node, const Diagnostic& d);
  void trace_deciding(Diagnostic& d);

  ModelRecord& model_;
  const ImportOptions& options_;
  FoldBudget budget_;
  Graph* graph_ = nullptr;
  OnnxCheck result_;
  std::vector<ImportedNode> nested_;        // reports of nodes inside If branches
  std::unordered_set<const Value*> named_;  // values that carry a name of the model
  std::set<std::string> deciding_;
  // Operators without a rule: where the first node was told, and the names of the others.
  struct Repeated {
    size_t problem;
    std::vector<std::string> others;
  };
  std::map<std::string, Repeated> refused_;
};

}  // namespace tpuc::frontend
