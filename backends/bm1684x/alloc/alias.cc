// See the header. A tensor moves into a concatenation only when nothing else decides where it lies.
#include "backends/bm1684x/alloc/alias.h"

#include <utility>

#include "backends/bm1684x/alloc/moves.h"
#include "backends/bm1684x/kernel.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

std::vector<Piece> Location::pieces(int64_t begin, const Shape4& dims, const Shape4& strides,
                                    int64_t elem_bytes) const {
  std::vector<Piece> all = pieces_of(moved, first + begin, dims, strides);
  for (Piece& p : all) p.first += offset_bytes / elem_bytes;
  return all;
}

std::optional<Location> step_up(const Location& at, const Location& parent) {
  const int64_t size = size_bytes(at.root->type.dtype);
  Location up = at;
  up.root = parent.root;
  if (parent.moved.is_plain()) {
    up.offset_bytes += parent.offset_bytes;
    return up;
  }
  const int64_t begin = parent.first + at.offset_bytes / size;
  if (at.moved.is_plain()) {
    up = parent;
    up.first = begin;
    return up;
  }
  const auto inside = parent.moved.of(begin, at.moved);
  if (!inside) return {};
  up.moved = inside->layout;
  up.offset_bytes = parent.offset_bytes + inside->first * size;
  if (up.moved.is_plain()) up.offset_bytes += std::exchange(up.first, 0) * size;
  return up;
}

std::optional<Location> location_in_input(const Op& op, bool moved) {
  const Kernel& k = *find_kernel(op.name());
  if (!moved) {
    const auto alias = k.view_of != nullptr ? k.view_of(op) : std::vector<Alias>{};
    if (alias.empty()) return {};
    return Location{op.in(alias[0].input), alias[0].offset_bytes};
  }
  const auto m = k.moved_of(op);
  if (!m) return {};
  std::vector<DdrLayout::Axis> axes;
  for (size_t i = 0; i < m->extents.size(); ++i) axes.push_back({m->extents[i], m->strides[i]});
  return Location{op.in(0), m->first * size_bytes(op.in(0)->type.dtype), DdrLayout(axes)};
}

Aliases::Aliases(const Graph& graph) {
  const auto moves = choose_moves(graph);
  for (const Op& op : graph.ops()) {
    const Kernel* k = find_kernel(op.name());
    if (k == nullptr) continue;
    if (const auto in = location_in_input(op, moves.contains(&op))) {
      // From the root on, in the order in which choose_moves() has tried it.
      const auto at = step_up(*in, find(in->root));
      TPUC_CHECK(at.has_value(), "%{} was moved out of reach", op.out(0)->name);
      parent_[op.out(0)] = *at;
      if (k->emit == nullptr) views_.insert(&op);
    }
    if (k->parts_of == nullptr) continue;
    for (const Alias& a : k->parts_of(op)) {
      const Location at = find(op.in(a.input));
      // Inputs and constants have memory of their own, and a part of another tensor cannot move alone.
      const bool whole_tensor =
          at.moved.is_plain() && at.offset_bytes == 0 && byte_count(at.root->type) == byte_count(op.in(a.input)->type);
      if (at.root->def == nullptr || !whole_tensor || at.root == op.out(0)) continue;
      parent_[at.root] = {op.out(0), a.offset_bytes};
    }
  }
}

Location Aliases::find(const Value* v) const {
  Location at{v, 0};
  for (auto it = parent_.find(v); it != parent_.end(); it = parent_.find(at.root)) {
    const auto up = step_up(at, it->second);
    TPUC_CHECK(up.has_value(), "%{} was moved out of reach", v->name);
    at = *up;
  }
  return at;
}

}  // namespace tpuc::bm1684x
