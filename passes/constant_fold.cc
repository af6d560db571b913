// Evaluates operations whose inputs are all constants, by the operators' reference evaluation.
#include <algorithm>

#include "ops/work.h"
#include "passes/passes.h"
#include "passes/replace_value.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

constexpr int64_t kMostWork = int64_t{1} << 35;  // of one run of the pass; casts of large weights included

bool inputs_are_constant(const Op& op) {
  return !op.in().empty() &&
         std::all_of(op.in().begin(), op.in().end(), [](const Value* v) { return v == nullptr || v->is_constant(); });
}

int64_t bytes_in(const Op& op) {
  int64_t bytes = 0;
  for (const Value* v : op.in())
    if (v != nullptr) bytes += byte_count(v->type);
  return bytes;
}

int64_t bytes_out(const Op& op) {
  int64_t bytes = 0;
  for (const auto& v : op.out()) bytes += byte_count(v->type);
  return bytes;
}

// A result that may not take its output's name stays an operation.
bool can_replace(const Graph& graph, const Op& op) {
  return op.out().size() == 1 ||
         std::none_of(op.out().begin(), op.out().end(), [&](const auto& v) { return graph.is_output(v.get()); });
}

std::vector<Tensor> evaluate_constants(const Op& op) {
  std::vector<const Tensor*> in;
  for (const Value* v : op.in()) in.push_back(v == nullptr ? nullptr : &v->tensor());
  try {
    return evaluate(op, in);
  } catch (const UserError& e) {  // a constant the model computes wrongly: say where
    std::vector<Diagnostic> all = e.diagnostics();
    for (Diagnostic& d : all)
      d.notes.emplace_back("at", fmt::format("node '{}'", op.loc.empty() ? op.out(0)->name : op.loc.back()));
    throw UserError(std::move(all));
  }
}

// A new constant takes the name of the result it stands for.
bool replace_by_constants(Graph& graph, Op& op) {
  std::vector<Tensor> results = evaluate_constants(op);
  std::vector<std::pair<Value*, std::string>> names;
  for (size_t i = 0; i < results.size(); ++i) {
    const size_t before = graph.constants().size();
    Value* c = graph.constant(std::move(results[i]), op.out(i)->name);
    if (graph.constants().size() > before) names.emplace_back(c, op.out(i)->name);
    if (!replace_value(graph, op.out(i), c)) return false;
  }
  graph.erase(op);
  for (const auto& [c, name] : names) graph.rename(c, name);
  return true;
}

}  // namespace

bool run_constant_fold(Graph& graph, PassCtx& ctx) {
  bool changed = false;
  int64_t budget = kMostWork;
  for (auto it = graph.ops().begin(); it != graph.ops().end();) {
    Op& op = *it++;
    if (op.place == Place::Host || !inputs_are_constant(op) || !can_replace(graph, op)) continue;
    // Folding may not blow up the file: a small constant expanded to a huge one is better made at run time.
    if (bytes_out(op) > std::max(ctx.options.fold_limit_bytes, bytes_in(op))) continue;
    const int64_t work = ops::work_of(op);
    if (work > budget) continue;
    budget -= work;
    if (!replace_by_constants(graph, op)) continue;
    changed = true;
  }
  return changed;
}

}  // namespace tpuc
