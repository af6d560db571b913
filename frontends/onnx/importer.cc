// The walk over an ONNX graph. A node that fails poisons its results, so that every independent problem is told once.
#include "frontends/onnx/importer.h"

#include <algorithm>

#include "frontends/onnx/fold.h"
#include "frontends/onnx/inputs.h"
#include "frontends/onnx/order.h"
#include "frontends/onnx/rules.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace tpuc::frontend {

namespace {

constexpr size_t kMaxShownInputs = 4, kMaxShownNodes = 6;

bool is_control_flow(const NodeRecord& node) { return node.domain.empty() && node.op == "If"; }

// A value given by the user takes the element type and, where the model fixes it, the shape of the input.
Tensor fit(const Tensor& given, const std::string& name, const TensorType& type) {
  if (given.count() != element_count(type.dims))
    throw UserError(diagnostic(ErrorCode::E1022, "input `{}` is {}, the value given has the shape {}", name,
                               to_string(type), to_string(given.dims())));
  Tensor t(type);
  if (is_float(given.dtype()))
    t.assign_f64(given.to_f64());
  else
    ops::store(t, given.to_i64());
  return t;
}

std::string list_names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMaxShownNodes); ++i)
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", names[i]);
  return names.size() > kMaxShownNodes ? fmt::format("{} and {} more", text, names.size() - kMaxShownNodes) : text;
}

}  // namespace

void Importer::check_opset() {
  const auto it = model_.opsets.find("");
  if (it == model_.opsets.end()) {
    result_.problems.push_back(
        diagnostic(ErrorCode::E1011, "`{}` names no version of the standard operator set", model_.file)
            .note("hint", "opset_import is missing: the file may be damaged"));
  } else if (it->second < 1) {
    result_.problems.push_back(
        diagnostic(ErrorCode::E1011, "`{}` asks for opset {} of the standard operators", model_.file, it->second)
            .note("hint", "export it with opset 7 to 21"));
  }
}

std::vector<std::string> Importer::wanted_outputs() {
  std::vector<std::string> wanted;
  const auto add = [&](const std::string& name) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) wanted.push_back(name);
  };
  if (options_.outputs.empty()) {
    for (const auto& v : model_.graph.outputs) add(v.name);
    if (wanted.empty())
      result_.problems.push_back(diagnostic(ErrorCode::E1001, "the graph of `{}` has no outputs", model_.file));
    return wanted;
  }
  std::set<std::string> known;
  for (const auto& node : model_.graph.nodes) known.insert(node.outputs.begin(), node.outputs.end());
  for (const auto& v : model_.graph.inputs) known.insert(v.name);
  for (const auto& [name, t] : model_.graph.initializers) known.insert(name);
  for (const auto& name : options_.outputs) {
    if (known.count(name) != 0)
      add(name);
    else
      result_.problems.push_back(diagnostic(ErrorCode::E1022, "the model has no tensor `{}` to stop at", name));
  }
  return wanted;
}

void Importer::bind_inputs(Scope& scope, const std::set<std::string>& used) {
  const auto types = type_inputs(model_.graph, used, options_, result_.problems);
  for (const auto& v : model_.graph.inputs) {
    const auto type = types.find(v.name);
    if (type == types.end()) {
      if (model_.graph.initializers.count(v.name) == 0) scope.bind(v.name, {nullptr, "input '" + v.name + "'"});
      continue;
    }
    const auto value = options_.input_values.find(v.name);
    try {
      Value* bound = value == options_.input_values.end()
                         ? graph_->input(type->second, v.name)
                         : graph_->constant(fit(value->second, v.name, type->second), v.name);
      scope.bind(v.name, {bound, {}});
      named_.insert(bound);
    } catch (const UserError& e) {
      result_.problems.insert(result_.problems.end(), e.diagnostics().begin(), e.diagnostics().end());
      scope.bind(v.name, {nullptr, "input '" + v.name + "'"});
    }
  }
}

// Initializers become constants when somebody reads them: unused ones cost nothing.
const Binding* Importer::resolve(Scope& scope, const std::string& name) {
  if (const Binding* bound = scope.find(name)) return bound;
  GraphRecord& graph = scope.graph();
  const auto it = graph.initializers.find(name);
  if (it == graph.initializers.end()) return scope.outer() == nullptr ? nullptr : resolve(*scope.outer(), name);
  if (!it->second.problem.empty()) {
    result_.problems.insert(result_.problems.end(), it->second.problem.begin(), it->second.problem.end());
    scope.bind(name, {nullptr, "initializer '" + name + "'"});
  } else {
    Value* v = graph_->constant(std::move(it->second.tensor), name);
    named_.insert(v);
    scope.bind(name, {v, {}});
  }
  return scope.find(name);
}

NodeView Importer::make_view(Scope& scope, NodeRecord& node, std::string& culprit) {
  NodeView view;
  view.name = node.name;
  view.op = node.op;
  view.domain = node.domain;
  view.input_names = node.inputs;
  view.output_names = node.outputs;
  view.attrs = std::move(node.attrs);  // read once: tensors among them may be large
  const auto opset = model_.opsets.find(node.domain);
  view.opset = opset == model_.opsets.end() ? 1 : opset->second;
  for (const auto& name : node.inputs) {
    const Binding* bound = name.empty() ? nullptr : resolve(scope, name);
    if (!name.empty() && (bound == nullptr || bound->value == nullptr))
      culprit = bound == nullptr ? "tensor '" + name + "'" : bound->culprit;
    view.in.push_back(bound == nullptr ? nullptr : bound->value);
  }
  return view;
}

void Importer::poison(Scope& scope, const NodeRecord& node, const std::string& culprit) {
  for (const auto& name : node.outputs)
    if (!name.empty()) scope.bind(name, {nullptr, culprit});
}

// "decided by" names a value; the graph inputs behind it are what the user can fix.
void Importer::trace_deciding(Diagnostic& d) {
  for (auto& [label, text] : d.notes) {
    if (label != kDecidesNote) continue;
    std::vector<const Value*> stack;
    std::unordered_set<const Value*> seen;
    const auto visit = [&](const Value* v) {
      if (v != nullptr && seen.insert(v).second) stack.push_back(v);
    };
    visit(graph_->find(text));
    std::set<std::string> inputs;
    while (!stack.empty()) {
      const Value* v = stack.back();
      stack.pop_back();
      if (v->def == nullptr && !v->is_constant()) inputs.insert(v->name);
      if (v->def != nullptr)
        for (const Value* in : v->def->in()) visit(in);
    }
    deciding_.insert(inputs.begin(), inputs.end());
    text.clear();
    for (const auto& name : inputs) text += (text.empty() ? "input `" : ", `") + name + "`";
  }
}

// The second and later nodes of an unsupported operator are only listed with the first.
bool Importer::is_repeated(const NodeRecord& node, const Diagnostic& d) {
  if (d.code != ErrorCode::E1010) return false;
  const auto [it, first] = refused_.emplace(d.message, Repeated{result_.problems.size(), {}});
  if (!first) it->second.others.push_back(node.name);
  return !first;
}

// Adds where it happened, and what the node's inputs are in place of the nameless types that inference knew.
void Importer::tell(const NodeRecord& node, const NodeView& view, const std::vector<Diagnostic>& diagnostics,
                    ImportedNode& report) {
  report.verdict = Verdict::Refused;
  for (Diagnostic d : diagnostics) {
    if (report.reason.empty()) report.reason = d.message;
    if (is_repeated(node, d)) continue;
    trace_deciding(d);
    std::erase_if(d.notes, [](const auto& n) { return n.first == "input"; });
    std::vector<std::pair<std::string, std::string>> notes{{"at", describe(node, model_.file, view.opset)}};
    for (size_t i = 0; i < std::min(view.in.size(), kMaxShownInputs); ++i)
      if (view.in[i] != nullptr)
        notes.emplace_back("input", fmt::format("%{}: {}", view.input_names[i], to_string(view.in[i]->type)));
    notes.insert(notes.end(), d.notes.begin(), d.notes.end());
    d.notes = std::move(notes);
    result_.problems.push_back(std::move(d));
  }
}

// The branch that a constant condition chooses is imported in place of the node.
Values Importer::import_if(Scope& scope, const NodeRecord& node, const NodeView& view) {
  const Value* condition = view.input(0);
  if (!condition->is_constant())
    throw UserError(diagnostic(ErrorCode::E1021, "the condition of If is computed at run time")
                        .note(std::string(kDecidesNote), condition->name)
                        .note("hint", "give the inputs it depends on by --input-value or --like"));
  const auto values = condition->tensor().to_i64();
  const bool chosen = !values.empty() && values[0] != 0;
  const auto it = node.subgraphs.find(chosen ? "then_branch" : "else_branch");
  if (values.size() != 1 || it == node.subgraphs.end())
    throw UserError(diagnostic(ErrorCode::E1013, "If has no {}, or its condition is no single bool",
                               chosen ? "then_branch" : "else_branch"));
  GraphRecord& branch = *it->second;
  Scope inner(branch, &scope);
  std::vector<std::string> wanted;
  for (const auto& v : branch.outputs) wanted.push_back(v.name);
  const Order order = order_nodes(
      branch, wanted, [&](const std::string& name) { return scope.knows(name); }, result_.problems);
  std::vector<ImportedNode> reports(branch.nodes.size());
  import_nodes(inner, order.nodes, reports);
  nested_.insert(nested_.end(), reports.begin(), reports.end());
  Values results;
  for (const auto& name : wanted) {
    const Binding* bound = resolve(inner, name);
    results.push_back(bound == nullptr ? nullptr : bound->value);  // null: the reason was told already
  }
  return results;
}

void Importer::bind_outputs(Scope& scope, const NodeRecord& node, const Values& results) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const std::string& name = node.outputs[i];
    if (name.empty()) continue;
    if (i >= results.size() || results[i] == nullptr) {
      scope.bind(name, {nullptr, fmt::format("output {} of node '{}'", i, node.name)});
      continue;
    }
    scope.bind(name, {results[i], {}});
    if (named_.insert(results[i]).second) graph_->rename(results[i], name);
  }
}

void Importer::import_node(Scope& scope, NodeRecord& node, ImportedNode& report) {
  std::string culprit;
  const NodeView view = make_view(scope, node, culprit);
  if (!culprit.empty()) {
    report.verdict = Verdict::Skipped;
    report.reason = "depends on " + culprit;
    poison(scope, node, culprit);
    return refuse_unknown(node, view, report);
  }
  try {
    if (!node.problems.empty()) throw UserError(node.problems);
    FoldMark mark(*graph_);
    Values results;
    if (is_control_flow(node)) {
      results = import_if(scope, node, view);
    } else {
      Builder builder(*graph_, {node.name});
      results = find_rule(node, view.opset, model_).fn(view, builder);
    }
    mark.fold(results, budget_);
    for (const Op* op : mark.rest()) report.becomes.emplace_back(op->name());
    const size_t count = report.becomes.size();
    report.verdict = count == 0 ? Verdict::Folded : count == 1 ? Verdict::Supported : Verdict::Decomposed;
    bind_outputs(scope, node, results);
  } catch (const UserError& e) {
    tell(node, view, e.diagnostics(), report);
    report.verdict = Verdict::Refused;
    poison(scope, node, "node '" + node.name + "'");
  }
}

// An operator without a rule is told even where its inputs are lost: all problems at once.
void Importer::refuse_unknown(const NodeRecord& node, const NodeView& view, ImportedNode& report) {
  if (is_control_flow(node)) return;
  try {
    find_rule(node, view.opset, model_);
  } catch (const UserError& e) {
    report.reason.clear();
    tell(node, view, e.diagnostics(), report);
  }
}

void Importer::import_nodes(Scope& scope, const std::vector<size_t>& order, std::vector<ImportedNode>& reports) {
  auto& nodes = scope.graph().nodes;
  for (const auto& node : nodes) {
    reports[node.index].name = node.name;
    reports[node.index].op = node.domain.empty() ? node.op : node.domain + "." + node.op;
    reports[node.index].reason = "nobody needs it";
  }
  for (const size_t i : order) {
    reports[i].reason.clear();
    import_node(scope, nodes[i], reports[i]);
  }
}

// The value as an output of that name. Where it has another role already, a reshape to its own shape gives it a second
// name.
Value* Importer::output_value(Value* v, const std::string& name, const std::vector<Value*>& others) {
  if (v->name == name) return v;
  const bool is_input = v->def == nullptr && !v->is_constant();
  if (!is_input && std::find(others.begin(), others.end(), v) == others.end()) {
    graph_->rename(v, name);
    return v;
  }
  Builder builder(*graph_, {name});
  return builder.add<ops::Reshape>({v}, {.shape = v->type.dims}, name);
}

// Integers of the model's own are its results, not the form of real numbers.
Value* Importer::without_quant(Value* v) {
  if (!v->is_constant() || !v->type.quant) {
    v->type.quant.reset();
    return v;
  }
  Tensor data = v->tensor();
  data.type.quant.reset();
  return graph_->constant(std::move(data));
}

void Importer::set_outputs(Scope& scope, const std::vector<std::string>& wanted) {
  std::vector<Value*> outputs;
  for (const auto& name : wanted) {
    const Binding* bound = resolve(scope, name);
    if (bound == nullptr || bound->value == nullptr) {
      if (result_.problems.empty())
        result_.problems.push_back(diagnostic(ErrorCode::E1010, "output `{}` cannot be made: {} is not supported", name,
                                              bound == nullptr ? "it" : bound->culprit));
      continue;
    }
    outputs.push_back(output_value(without_quant(bound->value), name, outputs));
  }
  graph_->set_outputs(std::move(outputs));
  graph_->dce();
}

OnnxCheck Importer::run() {
  Net net;
  net.name = model_.graph.name.empty() ? "net" : model_.graph.name;
  net.stages.push_back(std::make_unique<Graph>(net.name, *result_.module.constants));
  graph_ = net.stages[0].get();
  result_.module.nets.push_back(std::move(net));
  check_opset();
  const auto wanted = wanted_outputs();
  const Order order = order_nodes(
      model_.graph, wanted, [](const std::string&) { return false; }, result_.problems);
  Scope scope(model_.graph, nullptr);
  bind_inputs(scope, order.reads);
  result_.nodes.resize(model_.graph.nodes.size());
  import_nodes(scope, order.nodes, result_.nodes);
  set_outputs(scope, wanted);
  for (const auto& [message, repeated] : refused_)
    if (!repeated.others.empty())
      result_.problems[repeated.problem].notes.emplace_back("also", list_names(repeated.others));
  result_.nodes.insert(result_.nodes.end(), nested_.begin(), nested_.end());
  result_.module.keep_alive = std::move(model_.keep_alive);
  return std::move(result_);
}

}  // namespace tpuc::frontend
