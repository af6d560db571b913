// A cheapest way through the ops, in program order, over edges that are groups: runs of ops between which whole values
// stay in local memory, chains, and ops that stream alone. The price is the time of a group's commands.
#include "backends/bm1684x/plan/group.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "backends/bm1684x/alloc/alias.h"
#include "backends/bm1684x/plan/chain.h"
#include "backends/bm1684x/plan/plan_memo.h"
#include "backends/bm1684x/plan/program.h"
#include "backends/bm1684x/plan/tiler.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

// Of a group with whole results: longer ones find an end before, or could as well be two.
constexpr size_t kMostOps = 256;
// Part of a lane that a group of several ops may fill; the rest is for loads that run ahead.
constexpr double kResidentShare = 0.8;
// A group may end so many ops before it must, where less lives.
constexpr size_t kEarlierEnds = 16;

// Bytes of run-time tensors that are made before op i and read by it or later ones, by i.
std::vector<int64_t> live_bytes(const Graph& graph, const std::vector<const Op*>& order) {
  std::unordered_map<const Op*, size_t> place;
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::vector<int64_t> change(order.size() + 1, 0);
  for (size_t i = 0; i < order.size(); ++i) {
    const Value* v = order[i]->out(0);
    size_t last = graph.is_output(v) ? i + 1 : i;
    for (const Op* user : v->uses) {
      const auto it = place.find(user);
      last = std::max(last, it != place.end() ? it->second : i + 1);
    }
    if (last == i) continue;
    change[i + 1] += byte_count(v->type);
    if (last + 1 < change.size()) change[last + 1] -= byte_count(v->type);
  }
  std::partial_sum(change.begin(), change.end(), change.begin());
  return change;
}

class Planner {
 public:
  Planner(const Graph& graph, const PlanOptions& options)
      : graph_(&graph), options_(&options), aliases_(graph), memo_(graph, aliases_, options.plan_repeats_once) {
    for (const Op& op : graph.ops())
      if (!aliases_.is_view(op)) order_.push_back(&op);
    bring_chains_together(graph, order_);
    memo_.prepare_residents(order_, options.threads);
    live_ = live_bytes(graph, order_);
    ways_.resize(order_.size() + 1);
  }

  std::vector<Group> run() {
    ways_[0].cycles = 0;
    for (size_t i = 0; i < order_.size(); ++i)
      if (ways_[i].cycles < kUnreached) extend(i);
    std::vector<Group> groups;
    for (size_t end = order_.size(); end > 0; end = ways_[end].from)
      groups.push_back(group_of(ways_[end].from, end - ways_[end].from, std::move(ways_[end].chain)));
    std::reverse(groups.begin(), groups.end());
    return groups;
  }

 private:
  static constexpr uint64_t kUnreached = std::numeric_limits<uint64_t>::max();
  // The cheapest way found to run all ops before one.
  struct Way {
    uint64_t cycles = kUnreached;
    size_t from = 0;  // first op of the last group
    std::vector<Region> chain;
  };

  // All groups that may begin with op i.
  void extend(size_t i) {
    const size_t run = longest_resident_run(i);
    if (run > 0) offer(i, group_of(i, run, {}));
    if (const size_t shorter = cheaper_end(i, run); shorter > 0) offer(i, group_of(i, shorter, {}));
    if (run == 0) offer(i, group_of(i, 1, {}));
    if (!options_->group_layers) return;
    // A chain of ops that fit whole moves no less.
    for (Group& chain : grow_chains(*graph_, std::span(order_).subspan(i), run, *options_, memo_, price_))
      offer(i, std::move(chain));
  }
  void offer(size_t i, Group group) {
    const char purpose = group.chain.empty() ? 'R' : 'C';
    const uint64_t cycles = ways_[i].cycles + memo_.price(purpose, group.ops, [&] { return price_(group); });
    Way& way = ways_[i + group.ops.size()];
    if (cycles < way.cycles) way = {cycles, i, std::move(group.chain)};
  }
  Group group_of(size_t i, size_t count, std::vector<Region> chain) {
    Group g;
    for (size_t k = i; k < i + count; ++k) g.ops.push_back(chain.empty() ? resident(k) : OpTiles{order_[k], {}});
    // A group of one streams its tiles.
    if (count == 1 && chain.empty() && !g.ops[0].tiles.empty()) g.ops[0].tiles = tile_streamed(*order_[i]);
    g.chain = std::move(chain);
    return g;
  }

  OpTiles resident(size_t i) { return {order_[i], memo_.resident_tiles(*order_[i])}; }

  // How many ops from index i on fit as one group with whole results: doubled while they fit, then by halves. A group
  // that does not fit is taken to fit no better with more ops.
  size_t longest_resident_run(size_t i) {
    const size_t most = std::min(options_->group_layers ? kMostOps : 1, order_.size() - i);
    size_t fitting = 0, failing = most + 1;
    for (size_t count = 1; failing > most && fitting < most; count = std::min(2 * count, most))
      (fits(i, count) ? fitting : failing) = count;
    while (failing - fitting > 1) {
      const size_t middle = std::midpoint(fitting, failing);
      (fits(i, middle) ? fitting : failing) = middle;
    }
    return fitting;
  }

  bool fits(size_t i, size_t count) {
    Group run;
    for (size_t k = 0; k < count; ++k) run.ops.push_back(resident(i + k));
    // An op that works in DDR needs no room.
    return (count == 1 && run.ops[0].tiles.empty()) || (options_->group_layers && memo_.fits(run, budget()));
  }
  // An earlier end of a run of `count` ops from i on, where least lives and less than at its end; 0: there is none.
  size_t cheaper_end(size_t i, size_t count) {
    if (i + count == order_.size()) return 0;
    size_t best = count;
    for (size_t k = count; k-- > 1 && count - k <= kEarlierEnds;)
      if (live_[i + k] < live_[i + best]) best = k;
    return best < count && fits(i, best) ? best : 0;
  }
  // Tiles that fit one by one may still not fit side by side as their live ranges meet: then smaller ones.
  std::vector<Region> tile_streamed(const Op& op) {
    return memo_.tiles('s', {{&op, {}}}, [&] {
      PlanOptions smaller = *options_;
      for (;;) {
        std::vector<Region> tiles = tile_alone(op, smaller);
        TPUC_CHECK(smaller.lane_bytes > 0, "the forced tiles of {} do not fit", op.name());
        if (fits_locally(*graph_, {{{&op, tiles}}, {}}, options_->lane_bytes)) return tiles;
        smaller.lane_bytes = smaller.lane_bytes / 4 * 3;
      }
    });
  }
  int64_t budget() const { return static_cast<int64_t>(static_cast<double>(options_->lane_bytes) * kResidentShare); }

  const Graph* graph_;
  const PlanOptions* options_;
  Aliases aliases_;
  PlanMemo memo_;
  const GroupPrice price_ = [this](const Group& g) { return predict_cycles(*graph_, aliases_, g, *options_); };
  std::vector<const Op*> order_;
  std::vector<int64_t> live_;
  std::vector<Way> ways_;  // by op, one more at the end
};

}  // namespace

std::vector<Region> chain_regions(const std::vector<OpTiles>& ops, const Region& tile) {
  std::vector<Region> regions(ops.size());
  regions.back() = tile;
  for (size_t k = ops.size() - 1; k > 0; --k) {
    const Op& user = *ops[k].op;
    const auto needs = find_kernel(user.name())->needs(user, regions[k]);
    bool first = true;
    for (size_t i = 0; i < user.in().size(); ++i) {
      if (user.in(i) != ops[k - 1].op->out(0)) continue;
      regions[k - 1] = first ? needs[i].box : unite(regions[k - 1], needs[i].box);
      first = false;
    }
  }
  return regions;
}

// Tiles of a chain are cut over batches and rows.
static bool cuts_rows(const Op& op, const Kernel& kernel) {
  const Axes axes = kernel.axes(op);
  const Shape4 dims = kernel.views(op).out.dims;
  return (axes.n || dims[0] == 1) && (axes.h || dims[2] == 1);
}

bool can_chain(const Graph& graph, const Op& op, const Op& next) {
  const Value* v = op.out(0);
  if (graph.is_output(v)) return false;
  for (const Op* user : v->uses)
    if (user != &next) return false;
  const Kernel &made = *find_kernel(op.name()), &used = *find_kernel(next.name());
  if (made.emit == nullptr || used.emit == nullptr || !cuts_rows(op, made) || !cuts_rows(next, used)) return false;
  const Views views = used.views(next);
  const auto needs = used.needs(next, whole(views.out.dims));
  for (size_t i = 0; i < next.in().size(); ++i)
    if (next.in(i) == v && (needs[i].kind != Need::Kind::Box || !(views.in[i] == made.views(op).out))) return false;
  return !v->uses.empty();
}

std::vector<Group> plan_groups(const Graph& graph, const PlanOptions& options) {
  for (const Op& op : graph.ops()) TPUC_CHECK(find_kernel(op.name()) != nullptr, "no kernel for {}", op.name());
  return Planner(graph, options).run();
}

}  // namespace tpuc::bm1684x
