// Which tensors in DDR are (part of) another: views, and parts of a concatenation that are written in place.
#pragma once

#include <unordered_map>

#include "tpuc/ir/graph.h"

namespace tpuc::bm1684x {

// `value` lies `offset_bytes` into `root`, whose memory it shares. A root is its own root.
struct Location {
  const Value* root = nullptr;
  int64_t offset_bytes = 0;
};

class Aliases {
 public:
  explicit Aliases(const Graph& graph);
  Location find(const Value* v) const;

 private:
  std::unordered_map<const Value*, Location> parent_;
};

}  // namespace tpuc::bm1684x
