// Cuts are over batches and rows only: channels are summed over by the next op, and cut rows make short bursts.
#include "backends/bm1684x/plan/chain.h"

#include <algorithm>

#include "backends/bm1684x/alloc/local_alloc.h"
#include "backends/bm1684x/sched/builder.h"

namespace tpuc::bm1684x {

namespace {

constexpr size_t kMostOps = 8;
// Rows that the tiles of a chain compute twice, as a share of all; above this the traffic saved is paid in compute.
constexpr double kMostRecomputed = 0.25;
constexpr int64_t kMostTiles = 64;

std::vector<Region> cut_rows(const Shape4& dims, int64_t rows) {
  std::vector<Region> tiles;
  for (int64_t n = 0; n < dims[0]; ++n)
    for (int64_t h = 0; h < dims[2]; h += rows)
      tiles.push_back({{n, 0, h, 0}, {1, dims[1], std::min(rows, dims[2] - h), dims[3]}});
  return tiles;
}

double recomputed_share(const Group& g) {
  double computed = 0, needed = 0;
  for (const OpTiles& o : g.ops) needed += static_cast<double>(element_count(o.op->out(0)->type));
  for (const Region& tile : g.chain)
    for (const Region& r : chain_regions(g.ops, tile)) computed += static_cast<double>(r.count());
  return computed / needed - 1;
}

// The largest tiles that leave room for the next tile's loads; else the largest that fit. Empty: none.
std::vector<Region> chain_tiles(const Graph& graph, Group g, const PlanOptions& options) {
  const Op& last = *g.ops.back().op;
  const Shape4 dims = find_kernel(last.name())->views(last).out.dims;
  for (const int64_t budget : {options.lane_bytes / 2, options.lane_bytes}) {
    for (int64_t pieces = 1; pieces <= std::min(dims[2], kMostTiles); pieces += std::max<int64_t>(1, pieces / 4)) {
      g.chain = cut_rows(dims, ceil_div(dims[2], pieces));
      if (recomputed_share(g) > kMostRecomputed) break;
      if (fits_locally(graph, g, budget)) return g.chain;
    }
  }
  return {};
}

}  // namespace

bool fits_locally(const Graph& graph, const Group& group, int64_t lane_bytes) {
  ScheduleBuilder b(graph);
  b.add(group);
  return fits_locally(b.schedule(), 0, {lane_bytes});
}

Group grow_chain(const Graph& graph, std::span<const Op* const> ops, const PlanOptions& options) {
  Group best, g;
  for (size_t k = 0; k < std::min(ops.size(), kMostOps); ++k) {
    if (k > 0 && !can_chain(graph, *ops[k - 1], *ops[k])) break;
    g.ops.push_back({ops[k], {}});
    g.chain.clear();
    g.chain = chain_tiles(graph, g, options);
    if (g.chain.empty()) break;
    best = g;
  }
  return best;
}

}  // namespace tpuc::bm1684x
