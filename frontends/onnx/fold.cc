// Eager constant folding.
#include "frontends/onnx/fold.h"

#include <algorithm>

namespace tpuc::frontend {

namespace {

bool is_foldable(const Op& op, int64_t limit_bytes) {
  bool some = false;
  for (const Value* v : op.in()) {
    if (v == nullptr) continue;
    if (!v->is_constant()) return false;
    some = true;
  }
  return some && std::all_of(op.out().begin(), op.out().end(),
                             [&](const auto& v) { return byte_count(v->type) <= limit_bytes; });
}

}  // namespace

void FoldMark::fold(Values& results, int64_t limit_bytes) {
  for (auto it = first_new(); it != graph_->ops().end();) {
    Op& op = *it++;
    if (!is_foldable(op, limit_bytes)) continue;
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
