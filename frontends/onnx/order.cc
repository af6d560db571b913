// Needed nodes and their order. No recursion over nodes: a graph may be a chain of a million.
#include "frontends/onnx/order.h"

#include <algorithm>
#include <queue>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace tpuc::frontend {

namespace {

// Names that a graph's nodes read and that it does not define itself.
void collect_captures(const GraphRecord& graph, std::set<std::string>& names) {
  std::set<std::string> used, own;
  for (const auto& v : graph.inputs) own.insert(v.name);
  for (const auto& [name, t] : graph.initializers) own.insert(name);
  for (const auto& node : graph.nodes) {
    used.insert(node.inputs.begin(), node.inputs.end());
    own.insert(node.outputs.begin(), node.outputs.end());
    for (const auto& [name, sub] : node.subgraphs) collect_captures(*sub, used);
  }
  for (const auto& v : graph.outputs) used.insert(v.name);
  for (const auto& name : used)
    if (!name.empty() && own.count(name) == 0) names.insert(name);
}

class Wiring {
 public:
  Wiring(const GraphRecord& graph, const std::function<bool(const std::string&)>& is_outer,
         std::vector<Diagnostic>& problems)
      : graph_(graph), is_outer_(is_outer), problems_(problems) {}

  void index_producers();
  void mark_needed(const std::vector<std::string>& wanted);
  std::vector<size_t> sort();
  std::set<std::string> take_reads() { return std::move(reads_); }

 private:
  // Producers of what the node reads, each once; missing tensors are reported.
  std::vector<size_t> sources(const NodeRecord& node, bool report);
  void define(const std::string& name, const std::string& by);
  void report_missing(const std::string& name, const std::string& reader);

  const GraphRecord& graph_;
  const std::function<bool(const std::string&)>& is_outer_;
  std::vector<Diagnostic>& problems_;
  std::unordered_map<std::string, size_t> producer_;
  std::unordered_map<std::string, std::string> defined_;  // name -> by what, for messages
  std::vector<bool> needed_;
  std::set<std::string> reads_;
};

void Wiring::define(const std::string& name, const std::string& by) {
  const auto [it, fresh] = defined_.emplace(name, by);
  if (!fresh)
    problems_.push_back(diagnostic(ErrorCode::E1016, "tensor `{}` is defined by {} and by {}", name, it->second, by));
}

void Wiring::index_producers() {
  for (const auto& v : graph_.inputs) define(v.name, "an input");
  for (const auto& [name, t] : graph_.initializers)
    defined_.emplace(name, "an initializer");  // may give an input's default
  for (const auto& name : graph_.doubled)
    problems_.push_back(diagnostic(ErrorCode::E1016, "initializer `{}` occurs twice", name));
  for (const auto& node : graph_.nodes)
    for (const auto& name : node.outputs) {
      if (name.empty()) continue;
      define(name, fmt::format("node '{}'", node.name));
      producer_.emplace(name, node.index);
    }
}

void Wiring::report_missing(const std::string& name, const std::string& reader) {
  if (defined_.count(name) != 0 || is_outer_(name)) return;
  problems_.push_back(diagnostic(ErrorCode::E1014, "tensor `{}` is read by {} but nothing defines it", name, reader)
                          .note("hint", "the file may be damaged, or cut from a larger model without its inputs"));
  defined_.emplace(name, "nothing");  // one message is enough
}

std::vector<size_t> Wiring::sources(const NodeRecord& node, bool report) {
  std::set<std::string> names;
  for (const auto& name : node.inputs) {
    if (name.empty()) continue;
    if (report) report_missing(name, fmt::format("node '{}' ({})", node.name, node.op));
    names.insert(name);
  }
  for (const auto& [attr, sub] : node.subgraphs) collect_captures(*sub, names);
  std::set<size_t> nodes;
  if (report) reads_.insert(names.begin(), names.end());
  for (const auto& name : names)
    if (const auto it = producer_.find(name); it != producer_.end()) nodes.insert(it->second);
  return {nodes.begin(), nodes.end()};
}

void Wiring::mark_needed(const std::vector<std::string>& wanted) {
  needed_.assign(graph_.nodes.size(), false);
  std::vector<size_t> stack;
  const auto visit = [&](size_t i) {
    if (!needed_[i]) stack.push_back(i);
    needed_[i] = true;
  };
  for (const auto& name : wanted) {
    report_missing(name, "the graph's outputs");
    reads_.insert(name);
    if (const auto it = producer_.find(name); it != producer_.end()) visit(it->second);
  }
  while (!stack.empty()) {
    const size_t i = stack.back();
    stack.pop_back();
    for (const size_t source : sources(graph_.nodes[i], true)) visit(source);
  }
}

std::vector<size_t> Wiring::sort() {
  const size_t count = graph_.nodes.size();
  std::vector<size_t> waits_for(count, 0);
  std::vector<std::vector<size_t>> users(count);
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  size_t left = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!needed_[i]) continue;
    ++left;
    const auto from = sources(graph_.nodes[i], false);
    waits_for[i] = from.size();
    for (const size_t s : from) users[s].push_back(i);
    if (from.empty()) ready.push(i);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t i = ready.top();
    ready.pop();
    order.push_back(i);
    for (const size_t user : users[i])
      if (--waits_for[user] == 0) ready.push(user);
  }
  if (order.size() == left) return order;
  std::string names;
  size_t shown = 0;
  for (size_t i = 0; i < count && shown < 5; ++i)
    if (needed_[i] && waits_for[i] > 0) names += fmt::format("{}'{}'", shown++ == 0 ? "" : ", ", graph_.nodes[i].name);
  problems_.push_back(
      diagnostic(ErrorCode::E1015, "{} nodes lie on a cycle or behind one", left - order.size()).note("nodes", names));
  return order;
}

}  // namespace

Order order_nodes(const GraphRecord& graph, const std::vector<std::string>& wanted,
                  const std::function<bool(const std::string&)>& is_outer, std::vector<Diagnostic>& problems) {
  Wiring wiring(graph, is_outer, problems);
  wiring.index_producers();
  wiring.mark_needed(wanted);
  auto nodes = wiring.sort();
  return {std::move(nodes), wiring.take_reads()};
}

std::string describe(const NodeRecord& node, const std::string& file, int opset) {
  return fmt::format("node '{}' ({}, node {}, op {}, opset {})", node.name, file, node.index,
                     node.domain.empty() ? node.op : node.domain + "." + node.op, opset);
}

}  // namespace tpuc::frontend
