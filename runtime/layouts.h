// In which layout each value of a graph lies while it is executed: decided op by op, in program order.
#pragma once

#include <unordered_map>
#include <vector>

#include "runtime/fast/fast.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

struct OpLayouts {
  std::vector<fast::Layout> in;  // in which each operand is wanted
  fast::Layout out = fast::Layout::RowMajor;
};

class Layouts {
 public:
  // What the op gets and gives; its result is kept in mind.
  OpLayouts choose(const Op& op, const fast::Site& site, const fast::LayoutWish& wish);
  // There is no fast version after all.
  void forget(const Op& op) { layout_.erase(op.out(0)); }
  fast::Layout of(const Value* v) const;

 private:
  fast::Layout common(const Op& op) const;
  std::unordered_map<const Value*, fast::Layout> layout_;  // RowMajor is left out
};

}  // namespace tpuc
