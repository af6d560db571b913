// Patterns of rewrite rules: trees of operators over named values. Structure only; arithmetic conditions belong into
// the rule's `apply`.
//   pat::op<Scale>(pat::op<Conv2d>(pat::any("x"), pat::constant("w"), pat::optional(pat::constant("b"))).one_use()
//                      .as("conv"), pat::constant("s"), pat::constant("t"))
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tpuc/ir/graph.h"

namespace tpuc {

namespace pat {

struct Node {
  enum class Kind : uint8_t { Any, Constant, Runtime, Op };

  // Names the op (m.op("conv")) and, where given, its first result (m["mid"]).
  Node&& as(std::string_view name_of_op, std::string_view name_of_value = {}) && {
    op_name = name_of_op;
    if (!name_of_value.empty()) value_name = name_of_value;
    return std::move(*this);
  }
  // Nothing but the matched consumer reads the results, and they are no graph outputs.
  Node&& one_use() && {
    single_use = true;
    return std::move(*this);
  }

  Kind kind = Kind::Any;
  std::string_view op;  // operator name, for Kind::Op
  std::string_view value_name, op_name;
  bool single_use = false, is_optional = false, any_operands = false;
  std::vector<Node> operands;

  int depth() const;         // 1 for a single op
  std::string text() const;  // "scale(conv2d(x, w, b?), s, t)"
};

inline Node leaf(Node::Kind kind, std::string_view name) {
  Node n;
  n.kind = kind;
  n.value_name = name;
  return n;
}
// Any value; one that is known; one that is computed at run time (or a graph input).
inline Node any(std::string_view name) { return leaf(Node::Kind::Any, name); }
inline Node constant(std::string_view name) { return leaf(Node::Kind::Constant, name); }
inline Node runtime(std::string_view name) { return leaf(Node::Kind::Runtime, name); }
// The operand may be absent; its name is null then.
inline Node optional(Node n) {
  n.is_optional = true;
  return n;
}
// An operator with these operands; operands beyond them must be absent. Without any: whatever operands.
template <class S, class... Operands>
Node op(Operands... operands) {
  Node n;
  n.kind = Node::Kind::Op;
  n.op = S::kName;
  n.any_operands = sizeof...(Operands) == 0;
  (n.operands.push_back(std::move(operands)), ...);
  return n;
}

}  // namespace pat

// What the names of a pattern stand for.
struct Match {
  // Null only for an absent optional operand; a name the pattern does not have is a bug.
  Value* operator[](std::string_view name) const;
  const Op& op(std::string_view name) const;

  std::vector<std::pair<std::string_view, Value*>> values;
  std::vector<std::pair<std::string_view, const Op*>> named_ops;
  std::vector<const Op*> ops;  // all that matched, producers before consumers; the root is last
};

// Tries one pattern at one op. Two phases: nothing is captured before all of it fits.
class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(&graph) {}
  // `opt_why`, where given, receives the reason of a no as a sentence (for --explain).
  bool matches(const pat::Node& pattern, const Op& root, std::string* opt_why = nullptr);
  static Match capture(const pat::Node& pattern, const Op& root);  // after matches()

 private:
  bool fits_op(const pat::Node& n, const Op& op, bool is_root);
  bool fits_value(const pat::Node& n, const Value* v);

  const Graph* graph_;
  std::string* why_ = nullptr;
};

}  // namespace tpuc
