// Matching of patterns, with the reason of a miss where somebody asks for it.
#include "tpuc/rewrite/pattern.h"

#include <algorithm>

#include "tpuc/ir/text.h"

namespace tpuc {

namespace pat {

int Node::depth() const {
  if (kind != Kind::Op) return 0;
  int deepest = 0;
  for (const Node& n : operands) deepest = std::max(deepest, n.depth());
  return deepest + 1;
}

std::string Node::text() const {
  const std::string mark = is_optional ? "?" : "";
  if (kind != Kind::Op) return std::string(value_name) + mark;
  std::string inside = any_operands ? "..." : "";
  for (const Node& n : operands) inside += (inside.empty() ? "" : ", ") + n.text();
  return fmt::format("{}({}){}", op, inside, mark);
}

}  // namespace pat

namespace {

template <class List>
auto* find_named(List& list, std::string_view name) {
  const auto it = std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.first == name; });
  return it == list.end() ? nullptr : &it->second;
}

Value* operand(const Op& op, size_t i) { return op.in(i); }

// Names of absent parts are defined too: as null.
void capture_absent(const pat::Node& n, Match& m) {
  if (!n.value_name.empty()) m.values.emplace_back(n.value_name, nullptr);
  for (const pat::Node& child : n.operands) capture_absent(child, m);
}

void capture_op(const pat::Node& n, const Op& op, Match& m) {
  for (size_t i = 0; i < n.operands.size(); ++i) {
    const pat::Node& child = n.operands[i];
    Value* v = operand(op, i);
    if (v == nullptr) {
      capture_absent(child, m);
    } else {
      if (!child.value_name.empty()) m.values.emplace_back(child.value_name, v);
      if (child.kind == pat::Node::Kind::Op) capture_op(child, *v->def, m);
    }
  }
  if (!n.op_name.empty()) m.named_ops.emplace_back(n.op_name, &op);
  m.ops.push_back(&op);
}

}  // namespace

Value* Match::operator[](std::string_view name) const {
  Value* const* v = find_named(values, name);
  TPUC_CHECK(v != nullptr, "the pattern has no value `{}`", name);
  return *v;
}

const Op& Match::op(std::string_view name) const {
  const Op* const* o = find_named(named_ops, name);
  TPUC_CHECK(o != nullptr, "the pattern has no op `{}`", name);
  return **o;
}

bool Matcher::matches(const pat::Node& pattern, const Op& root, std::string* opt_why) {
  why_ = opt_why;
  return fits_op(pattern, root, true);
}

Match Matcher::capture(const pat::Node& pattern, const Op& root) {
  Match m;
  capture_op(pattern, root, m);
  return m;
}

bool Matcher::fits_op(const pat::Node& n, const Op& op, bool is_root) {
  if (op.name() != n.op) {
    if (why_ != nullptr) *why_ = fmt::format("{} is {}, not {}", print_name(*op.out(0)), op.name(), n.op);
    return false;
  }
  if (n.single_use && !is_root) {
    const Value* v = op.out(0);
    if (op.out().size() != 1 || v->uses.size() != 1 || graph_->is_output(v)) {
      if (why_ != nullptr)
        *why_ = fmt::format("{} {}", print_name(*v), graph_->is_output(v) ? "is a graph output" : "has other uses");
      return false;
    }
  }
  if (n.any_operands) return true;
  for (size_t i = 0; i < std::max(n.operands.size(), op.in().size()); ++i) {
    const Value* v = operand(op, i);
    if (i >= n.operands.size()) {
      if (v == nullptr) continue;
      if (why_ != nullptr) *why_ = fmt::format("{} has {} inputs", print_name(*op.out(0)), op.in().size());
      return false;
    }
    if (v == nullptr && !n.operands[i].is_optional) {
      if (why_ != nullptr) *why_ = fmt::format("input {} of {} is absent", i, print_name(*op.out(0)));
      return false;
    }
    if (v != nullptr && !fits_value(n.operands[i], v)) return false;
  }
  return true;
}

bool Matcher::fits_value(const pat::Node& n, const Value* v) {
  const char* problem = nullptr;
  switch (n.kind) {
    case pat::Node::Kind::Any:
      return true;
    case pat::Node::Kind::Constant:
      if (!v->is_constant()) problem = "is not a constant";
      break;
    case pat::Node::Kind::Runtime:
      if (v->is_constant()) problem = "is a constant";
      break;
    case pat::Node::Kind::Op:
      if (v->def != nullptr && v->index == 0) return fits_op(n, *v->def, false);
      problem = v->is_constant() ? "is a constant" : v->def == nullptr ? "is a graph input" : "is not the first result";
      break;
  }
  if (problem != nullptr && why_ != nullptr) *why_ = fmt::format("{} {}", print_name(*v), problem);
  return problem == nullptr;
}

}  // namespace tpuc
