// Groups by growth: ops join in program order while everything that lives between them fits local memory whole.
#include "backends/bm1684x/plan/group.h"

#include <algorithm>
#include <numeric>

#include "backends/bm1684x/plan/chain.h"
#include "backends/bm1684x/plan/plan_memo.h"
#include "backends/bm1684x/plan/tiler.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

// Of a group with whole results: longer ones find an end before, or could as well be two.
constexpr size_t kMostOps = 256;
// Part of a lane that a group of several ops may fill; the rest is for loads that run ahead.
constexpr double kResidentShare = 0.8;
// Below this the group that loses its last op is missed as much as the chain gains.
constexpr int64_t kOutweighs = 4;
constexpr int64_t kLargeResult = kLaneRoom / 4;  // bytes of a lane

class Grower {
 public:
  Grower(const Graph& graph, const PlanOptions& options)
      : graph_(&graph), options_(&options), memo_(graph, options.plan_repeats_once) {
    for (const Op& op : graph.ops())
      if (!is_view(op)) order_.push_back(&op);
    bring_chains_together(graph, order_);
    memo_.prepare_residents(order_, options.threads);
  }

  std::vector<Group> run() {
    for (size_t i = 0; i < order_.size();) i += add(i);
    return std::move(groups_);
  }

 private:
  // Takes ops from index i on; returns how many.
  size_t add(size_t i) {
    if (const size_t run = longest_resident_run(i); run > 0) {
      for (size_t k = 0; k < run; ++k) current_.ops.push_back(resident(i + k));
      const size_t chained = i + run < order_.size() ? chain_from_last_op(i + run) : 0;
      close();
      return run + chained;
    }
    const Op& op = *order_[i];
    Group chain =
        options_->group_layers ? grow_chain(*graph_, std::span(order_).subspan(i), *options_, memo_) : Group{};
    if (chain.ops.size() < 2) chain = {{{&op, tile_streamed(op)}}, {}};
    groups_.push_back(std::move(chain));
    return groups_.back().ops.size();
  }
  OpTiles resident(size_t i) { return {order_[i], memo_.resident_tiles(*order_[i])}; }
  // How many ops from index i on fit as one group with whole results: doubled while they fit, then by halves. A group
  // that does not fit is taken to fit no better with more ops.
  size_t longest_resident_run(size_t i) {
    const size_t most = std::min(options_->group_layers ? kMostOps : 1, order_.size() - i);
    Group run;
    const auto fits = [&](size_t count) {
      run.ops.resize(std::min(count, run.ops.size()));
      while (run.ops.size() < count) run.ops.push_back(resident(i + run.ops.size()));
      // An op that works in DDR needs no room.
      return (count == 1 && run.ops[0].tiles.empty()) || (options_->group_layers && memo_.fits(run, budget()));
    };
    size_t fitting = 0, failing = most + 1;
    for (size_t count = 1; failing > most && fitting < most; count = std::min(2 * count, most))
      (fits(count) ? fitting : failing) = count;
    while (failing - fitting > 1) {
      const size_t middle = std::midpoint(fitting, failing);
      (fits(middle) ? fitting : failing) = middle;
    }
    return fitting;
  }
  // A large result, many times the run-time operands, which are then sent through DDR in its place.
  static bool result_outweighs_operands(const Op& op) {
    const auto bytes = [](const Value& v) { return element_count(v.type) * size_bytes(v.type.dtype); };
    int64_t operands = 0;
    for (const Value* v : op.in())
      if (v != nullptr && !v->is_constant()) operands += bytes(*v);
    const Shape4 dims = find_kernel(op.name())->views(op).out.dims;
    return bytes(*op.out(0)) > kOutweighs * operands &&
           aligned_bytes(prec_of(op.out(0)->type.dtype), dims) >= kLargeResult;
  }
  // The last op that joined, whose large result fits whole but nothing beside it, is better the first of a chain with
  // op i: alone always, in a group where that sends less through DDR. How many of the ops from i on the chain takes; 0:
  // there is none, and nothing is done.
  size_t chain_from_last_op(size_t i) {
    if (!options_->group_layers || current_.ops.empty() || current_.ops.back().tiles.empty()) return 0;
    const Op& last = *current_.ops.back().op;
    if (!can_chain(*graph_, last, *order_[i])) return 0;
    if (current_.ops.size() > 1 && !result_outweighs_operands(last)) return 0;
    Group chain = grow_chain(*graph_, std::span(order_).subspan(i - 1), *options_, memo_);
    if (chain.ops.size() < 2) return 0;
    current_.ops.pop_back();
    close();
    groups_.push_back(std::move(chain));
    return groups_.back().ops.size() - 1;
  }
  void close() {
    if (current_.ops.empty()) return;
    // A group of one streams its tiles.
    if (current_.ops.size() == 1 && !current_.ops[0].tiles.empty())
      current_.ops[0].tiles = tile_streamed(*current_.ops[0].op);
    groups_.push_back(std::move(current_));
    current_ = {};
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
  PlanMemo memo_;
  std::vector<const Op*> order_;
  Group current_;
  std::vector<Group> groups_;
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

bool is_view(const Op& op) {
  const Kernel* k = find_kernel(op.name());
  return k != nullptr && k->view_of != nullptr && !k->view_of(op).empty();
}

std::vector<Group> plan_groups(const Graph& graph, const PlanOptions& options) {
  for (const Op& op : graph.ops()) TPUC_CHECK(find_kernel(op.name()) != nullptr, "no kernel for {}", op.name());
  return Grower(graph, options).run();
}

}  // namespace tpuc::bm1684x
