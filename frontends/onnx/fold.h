// Eager constant folding: while a model is imported, operators whose inputs are all constants are computed at once, so
// that shape computations vanish before somebody asks for their results.
#pragma once

#include <list>

#include "tpuc/ir/graph.h"

namespace tpuc::frontend {

// The place after which operators count as new.
class FoldMark {
 public:
  explicit FoldMark(Graph& graph) : graph_(&graph), last_(graph.ops().end()) {
    if (!graph.ops().empty()) --last_;
  }
  // Folds new operators whose results have at most `limit_bytes`. `results` that were folded become constants.
  void fold(Values& results, int64_t limit_bytes);
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
