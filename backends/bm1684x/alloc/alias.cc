// See the header. A tensor moves into a concatenation only when nothing else decides where it lies.
#include "backends/bm1684x/alloc/alias.h"

#include <unordered_set>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Aliases::Aliases(const Graph& graph) {
  for (const Op& op : graph.ops()) {
    const Kernel* k = find_kernel(op.name());
    if (k == nullptr) continue;
    if (k->view_of != nullptr)
      for (const Alias& a : k->view_of(op)) parent_[op.out(0)] = {op.in(a.input), a.offset_bytes};
    if (k->parts_of == nullptr) continue;
    for (const Alias& a : k->parts_of(op)) {
      const Location at = find(op.in(a.input));
      // Inputs and constants have memory of their own, and a part of another tensor cannot move alone.
      const bool whole_tensor = at.offset_bytes == 0 && byte_count(at.root->type) == byte_count(op.in(a.input)->type);
      if (at.root->def == nullptr || !whole_tensor || at.root == op.out(0)) continue;
      parent_[at.root] = {op.out(0), a.offset_bytes};
    }
  }
}

Location Aliases::find(const Value* v) const {
  Location at{v, 0};
  for (auto it = parent_.find(v); it != parent_.end(); it = parent_.find(at.root)) {
    at.root = it->second.root;
    at.offset_bytes += it->second.offset_bytes;
  }
  return at;
}

}  // namespace tpuc::bm1684x
