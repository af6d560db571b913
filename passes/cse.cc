// Common subexpressions: operations of the same meaning on the same inputs are computed once, at the first place.
#include <algorithm>
#include <unordered_map>

#include "passes/passes.h"
#include "passes/replace_value.h"
#include "tpuc/ir/equal.h"

namespace tpuc {
namespace {

// Addresses enter the hash only: what is found is compared, and there is one candidate for each meaning.
uint64_t key_of(const Op& op) {
  uint64_t h = meaning_hash(op);
  for (const Value* v : op.in()) h = (h ^ reinterpret_cast<uintptr_t>(v)) * 0x9e3779b97f4a7c15u;
  return h;
}

bool replace_all(Graph& graph, Op& op, Op& first) {
  for (size_t i = 0; i < op.out().size(); ++i)
    if (!replace_value(graph, op.out(i), first.out(i))) return false;
  for (const std::string& node : op.loc)
    if (std::find(first.loc.begin(), first.loc.end(), node) == first.loc.end()) first.loc.push_back(node);
  return true;
}

}  // namespace

bool run_cse(Graph& graph, PassCtx&) {
  std::unordered_multimap<uint64_t, Op*> seen;
  seen.reserve(graph.ops().size());
  bool changed = false;
  for (auto it = graph.ops().begin(); it != graph.ops().end();) {
    Op& op = *it++;
    const uint64_t key = key_of(op);
    const auto [begin, end] = seen.equal_range(key);
    const auto same = std::find_if(begin, end, [&](const auto& entry) {
      return entry.second->in() == op.in() && same_meaning(*entry.second, op);
    });
    if (same == end) {
      seen.emplace(key, &op);
    } else if (op.out().size() == 1 && replace_all(graph, op, *same->second)) {
      graph.erase(op);
      changed = true;
    }
  }
  return changed;
}

}  // namespace tpuc
