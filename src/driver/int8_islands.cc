// Values in 8 bits join the operators around them, as a forest over operators.
#include "driver/int8_islands.h"

#include <algorithm>
#include <unordered_map>

namespace tpuc {
namespace {

class Forest {
 public:
  const Op* root(const Op* op) {
    auto up = parent_.try_emplace(op, op).first->second;
    while (parent_.at(up) != up) up = parent_.at(up);
    return parent_[op] = up;
  }
  void join(const Op* a, const Op* b) { parent_[root(b)] = root(a); }

 private:
  std::unordered_map<const Op*, const Op*> parent_;
};

void add_once(std::vector<const Op*>& ops, const Op* op) {
  if (std::find(ops.begin(), ops.end(), op) == ops.end()) ops.push_back(op);
}

void add_shores(const Op& op, const QuantizePlan& plan, Int8Island& island) {
  for (const Value* v : op.in())
    if (v != nullptr && v->def != nullptr && !plan.form_of(*v->def)) add_once(island.shores, v->def);
  for (const auto& v : op.out())
    for (const Op* user : v->uses)
      if (!plan.form_of(*user)) add_once(island.shores, user);
}

}  // namespace

std::vector<Int8Island> int8_islands(const Graph& graph, const QuantizePlan& plan) {
  Forest forest;
  std::unordered_map<const Value*, const Op*> reader_of;
  for (const Op& op : graph.ops()) {
    const auto form = plan.form_of(op);
    if (!form) continue;
    forest.root(&op);
    for (const Value* v : data_operands(op, *form)) {
      if (v->is_constant()) continue;
      if (v->def != nullptr && plan.form_of(*v->def)) forest.join(v->def, &op);
      forest.join(reader_of.try_emplace(v, &op).first->second, &op);
    }
  }
  std::vector<Int8Island> islands;
  std::unordered_map<const Op*, size_t> index;
  for (const Op& op : graph.ops()) {
    if (!plan.form_of(op)) continue;
    const auto [at, is_new] = index.try_emplace(forest.root(&op), islands.size());
    if (is_new) islands.emplace_back();
    islands[at->second].ops.push_back(&op);
    add_shores(op, plan, islands[at->second]);
  }
  return islands;
}

}  // namespace tpuc
