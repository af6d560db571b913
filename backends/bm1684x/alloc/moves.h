// Copies in DDR that need not be made: permutations and slices whose users can read the elements where they lie.
#pragma once

#include <unordered_set>

#include "tpuc/ir/graph.h"

namespace tpuc::bm1684x {

// Ops whose results are read in place by tile kernels only, at no greater price than the copies had.
std::unordered_set<const Op*> choose_moves(const Graph& graph);

}  // namespace tpuc::bm1684x
