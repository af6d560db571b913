// Replaces operators that the back end runs in no precision by simpler ones, where the operator says how.
#include "passes/passes.h"

namespace tpuc {

bool run_decompose(Graph& graph, PassCtx& ctx) {
  const auto& supports = ctx.options.supports;
  if (!supports) return false;
  bool changed = false;
  for (auto it = graph.ops().begin(); it != graph.ops().end();) {
    Op& op = *it++;
    if (op.place == Place::Host || op.def().decompose == nullptr) continue;
    if (supports(op, ctx.options.precision) || supports(op, DType::F32)) continue;
    Builder builder(graph, op.loc, &op);
    const Values results = op.def().decompose(op, builder);
    TPUC_CHECK(results.size() == op.out().size(), "{}: decomposed into {} results", op.name(), results.size());
    for (size_t i = 0; i < results.size(); ++i) {
      const std::string name = op.out(i)->name;
      graph.replace_uses(op.out(i), results[i]);
      if (results[i]->def != nullptr) graph.rename(results[i], name);
    }
    graph.erase(op);
    changed = true;
  }
  return changed;
}

}  // namespace tpuc
