// Eager constant folding.
#include "frontends/onnx/fold.h"

#include <algorithm>

#include "ops/work.h"

namespace tpuc::frontend {

namespace {

bool has_constant_inputs(const Op& op) {
  bool some = false;
  for (const Value* v : op.in()) {
    if (v == nullptr) continue;
    if (!v->is_constant()) return false;
    some = true;
  }
  return some;
}

// Takes what the op costs out of the budget, if it is there.
bool afford(const Op& op, FoldBudget& budget) {
  int64_t bytes = 0;
  for (const auto& v : op.out()) {
    if (byte_count(v->type) > budget.bytes_each) return false;
    bytes += byte_count(v->type);
  }
  const int64_t work = ops::work_of(op);
  if (bytes > budget.bytes || work > budget.work) return false;
  budget.bytes -= bytes;
  budget.work -= work;
  return true;
}

}  // namespace

void FoldMark::fold(Values& results, FoldBudget& budget) {
  for (auto it = first_new(); it != graph_->ops().end();) {
    Op& op = *it++;
    if (!has_constant_inputs(op) || !afford(op, budget)) continue;
    std::vector<const Tensor*> in;
    for (const Value* v : op.in()) in.push_back(v == nullptr ? nullptr : &v->tensor());
    std::vector<Tensor> computed = evaluate(op, in);
    for (size_t i = 0; i < computed.size(); ++i) {
      Value* known = graph_->constant(std::move(computed[i]));
      graph_->replace_uses(op.out(i), known);
      std::replace(results.begin(), results.end(), op.out(i), known);
    }
    graph_->erase(op);
  }
}

std::vector<const Op*> FoldMark::rest() const {
  std::vector<const Op*> ops;
  for (auto it = first_new(); it != graph_->ops().end(); ++it) ops.push_back(&*it);
  return ops;
}

}  // namespace tpuc::frontend
