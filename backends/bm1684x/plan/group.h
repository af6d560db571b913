// Which ops run together, and the tiles of each. A lone op is a group of one and takes the same path.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "backends/bm1684x/sched/schedule.h"

namespace tpuc::bm1684x {

// Regions of the op's output view, in the order of computation; together they cover it.
struct OpTiles {
  const Op* op = nullptr;
  std::vector<Region> tiles;
};
// Several ops run together in one of two ways:
//   resident: values between them stay whole in local memory, and tiles are parts of a whole result;
//   chained: each op feeds only the next, and all of them run tile by tile of the last one's result (`chain`, not
//   empty);
//            an op computes what the next needs of it, rows at the border of a tile twice.
struct Group {
  std::vector<OpTiles> ops;
  std::vector<Region> chain;
};

// Regions of each op of a chain for one tile of the last op's result.
std::vector<Region> chain_regions(const std::vector<OpTiles>& ops, const Region& tile);
// True when `next` takes the result of `op` tile by tile where it lies in local memory.
bool can_chain(const Graph& graph, const Op& op, const Op& next);

struct PlanOptions {
  int64_t lane_bytes = kLaneRoom;  // tests plan with less
  bool group_layers = true;
  Shape4 forced_tile{0, 0, 0, 0};  // tests: largest extents of a tile, 0: free
  bool plan_repeats_once = true;   // false gives the same plan in more time (tests)
  unsigned threads = 0;            // 0: all cores; never changes the plan
};

// Groups in program order; ops that are views of other tensors are in none. throws UserError E4001 for an op whose
// smallest tile does not fit, with the numbers.
std::vector<Group> plan_groups(const Graph& graph, const PlanOptions& options);

}  // namespace tpuc::bm1684x
