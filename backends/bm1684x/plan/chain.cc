// Cuts are over batches and rows; over channels too where every op takes them one to one (the rows of attention's
// matrices). Cut columns would make short bursts.
#include "backends/bm1684x/plan/chain.h"

#include <algorithm>
#include <unordered_map>

#include "backends/bm1684x/alloc/local_alloc.h"
#include "backends/bm1684x/plan/tiler.h"
#include "backends/bm1684x/sched/builder.h"

namespace tpuc::bm1684x {

namespace {

constexpr size_t kMostOps = 8;
// Rows that the tiles of a chain compute twice, as a share of all; above this the traffic saved is paid in compute.
constexpr double kMostRecomputed = 0.25;
constexpr int64_t kMostTiles = 64;
constexpr int64_t kMostBatches = 4096;           // each is a tile at least
constexpr int64_t kLargeResult = kLaneRoom / 4;  // bytes of a lane; smaller ones stay there whole anyway
constexpr int64_t kSmallConstants = 40 * 1024;   // bytes of a lane

std::vector<Region> cut_up(const Shape4& dims, int64_t rows, int64_t channels) {
  std::vector<Region> tiles;
  for (int64_t n = 0; n < dims[0]; ++n)
    for (int64_t h = 0; h < dims[2]; h += rows)
      for (int64_t c = 0; c < dims[1]; c += channels)
        tiles.push_back({{n, c, h, 0}, {1, std::min(channels, dims[1] - c), std::min(rows, dims[2] - h), dims[3]}});
  return tiles;
}

// Bytes of a lane that an op's constant operands take.
int64_t constant_bytes(const Op& op) {
  const Kernel& kernel = *find_kernel(op.name());
  const auto needs = kernel.needs(op, whole(kernel.views(op).out.dims));
  int64_t bytes = 0;
  for (size_t i = 0; i < needs.size(); ++i)
    if (needs[i].kind != Need::Kind::Nothing && op.in(i)->is_constant())
      bytes += aligned_bytes(prec_of(op.in(i)->type.dtype), needs[i].box.extent);
  return bytes;
}

// Whether a cut of the last result's channels leads to channels of the others that a tile may begin with.
// A large constant matrix would be loaded whole before the first tile; alone its op streams it.
bool may_cut_channels(const Group& g) {
  for (const OpTiles& o : g.ops)
    if (!find_kernel(o.op->name())->axes(*o.op).c || constant_bytes(*o.op) > kSmallConstants) return false;
  for (const Region& tile : g.chain)
    for (const Region& r : chain_regions(g.ops, tile))
      if (r.begin[1] % kLanes != 0) return false;
  return true;
}

double recomputed_share(const Group& g) {
  double computed = 0, needed = 0;
  for (const OpTiles& o : g.ops) needed += static_cast<double>(element_count(o.op->out(0)->type));
  for (const Region& tile : g.chain)
    for (const Region& r : chain_regions(g.ops, tile)) computed += static_cast<double>(r.count());
  return computed / needed - 1;
}

// The largest tiles that fit `budget`, if any.
std::vector<Region> largest_tiles(const Graph& graph, Group& g, const Shape4& dims, int64_t budget) {
  const int64_t lane_rows = ceil_div(dims[1], kLanes);
  for (int64_t parts = 1; parts <= lane_rows; parts += std::max<int64_t>(1, parts / 2)) {
    const int64_t channels = std::min(dims[1], ceil_div(lane_rows, parts) * kLanes);
    for (int64_t pieces = 1; pieces <= std::min(dims[2], kMostTiles); pieces += std::max<int64_t>(1, pieces / 4)) {
      g.chain = cut_up(dims, ceil_div(dims[2], pieces), channels);
      if (recomputed_share(g) > kMostRecomputed) break;
      if (parts > 1 && !may_cut_channels(g)) break;
      if (fits_locally(graph, g, budget)) return g.chain;
    }
  }
  return {};
}

// The fastest of tiles that leave more or less room for the next tile's loads. Empty: none fit.
std::vector<Region> chain_tiles(const Graph& graph, Group g, const PlanOptions& options, const GroupPrice& price) {
  const Op& last = *g.ops.back().op;
  const Shape4 dims = find_kernel(last.name())->views(last).out.dims;
  if (dims[0] > kMostBatches) return {};
  std::vector<Region> best, tried;
  uint64_t least = 0;
  for (const int64_t quarters : {1, 2, 3, 4}) {
    if (largest_tiles(graph, g, dims, options.lane_bytes * quarters / 4).empty() || g.chain == tried) continue;
    tried = g.chain;
    const uint64_t cycles = price(g);
    if (!best.empty() && cycles >= least) continue;
    best = g.chain;
    least = cycles;
  }
  return best;
}

// A tile of one of the ops, or what it reads, may be longer than a command can say.
bool has_tiles_that_commands_hold(const Group& g) {
  const auto fits = [](const Op& op, const Region& tile) {
    return fits_size_fields(op, *find_kernel(op.name()), tile);
  };
  for (const Region& tile : g.chain) {
    const auto regions = chain_regions(g.ops, tile);
    for (size_t k = 0; k < g.ops.size(); ++k)
      if (!fits(*g.ops[k].op, regions[k])) return false;
  }
  return std::all_of(g.ops.begin(), g.ops.end(), [&](const OpTiles& o) {
    return std::all_of(o.tiles.begin(), o.tiles.end(), [&](const Region& tile) { return fits(*o.op, tile); });
  });
}

}  // namespace

bool fits_locally(const Graph& graph, const Group& group, int64_t lane_bytes) {
  if (!has_tiles_that_commands_hold(group)) return false;
  ScheduleBuilder b(graph);
  b.add(group);
  return fits_locally(b.schedule(), 0, {lane_bytes});
}

void bring_chains_together(const Graph& graph, std::vector<const Op*>& ops) {
  std::unordered_map<const Op*, size_t> place;
  for (size_t i = 0; i < ops.size(); ++i) place[ops[i]] = i;
  for (size_t i = ops.size(); i-- > 0;) {
    const Value* v = ops[i]->out(0);
    const Kernel& kernel = *find_kernel(ops[i]->name());
    if (v->uses.empty() || kernel.emit == nullptr) continue;
    if (aligned_bytes(prec_of(v->type.dtype), kernel.views(*ops[i]).out.dims) < kLargeResult) continue;
    const auto user = place.find(v->uses.front());
    if (user == place.end() || user->second <= i + 1 || !can_chain(graph, *ops[i], *user->first)) continue;
    std::rotate(ops.begin() + static_cast<std::ptrdiff_t>(i), ops.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                ops.begin() + static_cast<std::ptrdiff_t>(user->second));
    for (size_t k = i; k < user->second; ++k) place[ops[k]] = k;
  }
}

std::vector<Group> grow_chains(const Graph& graph, std::span<const Op* const> ops, size_t shortest,
                               const PlanOptions& options, PlanMemo& memo, const GroupPrice& price) {
  const size_t most = std::min(ops.size(), kMostOps);
  size_t linked = std::min<size_t>(most, 1);
  while (linked < most && can_chain(graph, *ops[linked - 1], *ops[linked])) ++linked;
  std::vector<Group> chains;
  if (linked <= shortest) return chains;
  Group g;
  for (size_t k = 0; k < linked; ++k) {
    g.ops.push_back({ops[k], {}});
    g.chain.clear();
    g.chain = memo.tiles('c', g.ops, [&] { return chain_tiles(graph, g, options, price); });
    if (g.chain.empty()) break;
    if (g.ops.size() > std::max<size_t>(shortest, 1)) chains.push_back(g);
  }
  return chains;
}

}  // namespace tpuc::bm1684x
