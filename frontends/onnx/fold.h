// Eager constant folding: while a model is imported, operators whose inputs are all constants are computed at once, so
// that shape computations vanish before somebody asks for their results.
#pragma once

#include <list>

#include "tpuc/ir/graph.h"

namespace tpuc::frontend {

// The place after which operators count as new.
// What folding may still take in a whole import: a small file must not ask for hours or for all memory.
struct FoldBudget {
  int64_t bytes_each = 0;            // of one result
  int64_t bytes = int64_t{4} << 30;  // of all results
  int64_t work = int64_t{1} << 33;   // ops/work.h; some ten seconds
};

class FoldMark {
 public:
  explicit FoldMark(Graph& graph) : graph_(&graph), last_(graph.ops().end()) {
    if (!graph.ops().empty()) --last_;
  }
  // Folds new operators as far as the budget goes. `results` that were folded become constants.
  void fold(Values& results, FoldBudget& budget);
  // The new operators that are left.
  std::vector<const Op*> rest() const;

 private:
  std::list<Op>::iterator first_new() const {
    return last_ == graph_->ops().end() ? graph_->ops().begin() : std::next(last_);
  }

  Graph* graph_;
  std::list<Op>::iterator last_;
};

}  // namespace tpuc::frontend
