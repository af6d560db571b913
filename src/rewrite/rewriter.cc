// What a rule may do to the graph: add before the root, and replace the root's value.
#include "tpuc/rewrite/rewriter.h"

#include <algorithm>

namespace tpuc {

Rewriter::Rewriter(Graph& graph, Op& root, const Match& match) : graph_(&graph), root_(&root) {
  for (const Op* op : match.ops) absorb(*op);
  constant_name_ = root.out(0)->name + "~const";
}

void Rewriter::absorb(const Op& op) {
  for (const std::string& node : op.loc)
    if (std::find(loc_.begin(), loc_.end(), node) == loc_.end()) loc_.push_back(node);
}

Value* Rewriter::add_op(const OpDef& d, std::any attrs, std::vector<Value*> in) {
  Op& op = graph_->add_op(d, std::move(attrs), std::move(in), {}, root_);
  op.loc = loc_;
  op.place = root_->place;
  added_.push_back(&op);
  return op.out(0);
}

Outcome Rewriter::replace_root(Value* v) {
  Value* old = root_->out(0);
  TPUC_CHECK(root_->out().size() == 1, "rules replace ops of one result; {} has {}", root_->name(),
             root_->out().size());
  const bool is_new = v->def != nullptr && std::find(added_.begin(), added_.end(), v->def) != added_.end();
  const bool takes_name = is_new || graph_->is_output(old);
  if (!is_new && graph_->is_output(old)) {
    const bool is_input = v->def == nullptr && !v->is_constant();
    if (is_input || graph_->is_output(v))
      return no_match(fmt::format("%{} is a graph output and would share %{}", old->name, v->name));
  }
  graph_->replace_uses(old, v);
  if (takes_name) graph_->rename(v, std::string(old->name));
  return Outcome::Changed;
}

Outcome Rewriter::no_match(std::string why) {
  why_ = std::move(why);
  return Outcome::NoMatch;
}

}  // namespace tpuc
