// Replaces operators that the back end does not run by simpler ones, where the operator says how; what they are made of
// is asked about in turn. Runs on chip types: an op that has a kernel in no precision stands here in f32 between casts,
// so its sums are those of f32.
#include <iterator>

#include "passes/passes.h"

namespace tpuc {

namespace {

using Position = decltype(std::declval<Graph&>().ops().begin());

// Puts the parts in the op's place. False: there are none.
bool spell_out(Graph& graph, Op& op) {
  Builder builder(graph, op.loc, &op);
  const Values results = op.def().decompose(op, builder);
  if (results.empty()) return false;
  TPUC_CHECK(results.size() == op.out().size(), "{}: decomposed into {} results", op.name(), results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string name = op.out(i)->name;
    graph.replace_uses(op.out(i), results[i]);
    if (results[i]->def != nullptr) graph.rename(results[i], name);
  }
  graph.erase(op);
  return true;
}

}  // namespace

bool run_decompose(Graph& graph, PassCtx& ctx) {
  const auto& supports = ctx.options.supports;
  if (!supports) return false;
  bool changed = false;
  for (Position it = graph.ops().begin(); it != graph.ops().end();) {
    Op& op = *it;
    const bool is_first = it == graph.ops().begin();
    const Position before = is_first ? it : std::prev(it);
    ++it;
    if (op.place == Place::Host || op.def().decompose == nullptr) continue;
    if (supports(op, op.out(0)->type.dtype) || !spell_out(graph, op)) continue;
    it = is_first ? graph.ops().begin() : std::next(before);  // the parts
    changed = true;
  }
  return changed;
}

}  // namespace tpuc
