// Which tensors in DDR are (part of) another: views, parts of a concatenation that are written in place, and moved
// ones, which their users read where the elements lay before.
#pragma once

#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "backends/bm1684x/alloc/ddr_layout.h"
#include "tpuc/ir/graph.h"

namespace tpuc::bm1684x {

// Where a value lies in the memory of `root`, as if that were row-major. A root is its own root.
// Plain: `offset_bytes` into it. Moved: its elements are those of `moved` from `first` on, which lies there.
struct Location {
  const Value* root = nullptr;
  int64_t offset_bytes = 0;
  DdrLayout moved{};
  int64_t first = 0;
  // The pieces in which a box of a view of the value is read: dims and strides of it, from element `begin` on. Places
  // are elements of the root.
  std::vector<Piece> pieces(int64_t begin, const Shape4& dims, const Shape4& strides, int64_t elem_bytes) const;
};

class Aliases {
 public:
  explicit Aliases(const Graph& graph);
  Location find(const Value* v) const;
  // Whether nothing is done for the op: its result is memory that is there.
  bool is_view(const Op& op) const { return views_.contains(&op); }

 private:
  std::unordered_map<const Value*, Location> parent_;
  std::unordered_set<const Op*> views_;
};

// `at`, seen from the memory that `at.root` lies in itself. Nothing where no strides say that.
std::optional<Location> step_up(const Location& at, const Location& parent);
// Where the op says that its result lies; `moved`: by Kernel::moved_of, else by view_of, where it is one.
std::optional<Location> location_in_input(const Op& op, bool moved);

}  // namespace tpuc::bm1684x
