// Groups by growth: ops join in program order while everything that lives between them fits local memory whole.
#include "backends/bm1684x/plan/group.h"

#include "backends/bm1684x/alloc/local_alloc.h"
#include "backends/bm1684x/plan/tiler.h"
#include "backends/bm1684x/sched/builder.h"

namespace tpuc::bm1684x {

namespace {

// Longer groups are rarely better, and every joining op allocates the whole group again.
constexpr size_t kMostOps = 48;
// Part of a lane that a group of several ops may fill; the rest is for loads that run ahead.
constexpr double kResidentShare = 0.8;

bool fits(const Graph& graph, const Group& group, int64_t lane_bytes) {
  ScheduleBuilder b(graph);
  b.add(group);
  return fits_locally(b.schedule(), 0, {lane_bytes});
}

class Grower {
 public:
  Grower(const Graph& graph, const PlanOptions& options) : graph_(&graph), options_(&options) {}

  void add(const Op& op) {
    const bool ddr = find_kernel(op.name())->emit_ddr != nullptr;
    const OpTiles resident{&op, ddr ? std::vector<Region>{} : tile_resident(op)};
    if (options_->group_layers && current_.ops.size() < kMostOps && may_join(resident)) {
      current_.ops.push_back(resident);
      return;
    }
    close();
    if (!ddr && !fits_alone(resident)) {
      groups_.push_back({{{&op, tile_streamed(op)}}});
      return;
    }
    current_.ops.push_back(resident);
  }
  std::vector<Group> take() {
    close();
    return std::move(groups_);
  }

 private:
  void close() {
    if (current_.ops.empty()) return;
    // A group of one streams its tiles.
    if (current_.ops.size() == 1 && !current_.ops[0].tiles.empty()) current_.ops[0].tiles = tile_streamed(*current_.ops[0].op);
    groups_.push_back(std::move(current_));
    current_ = {};
  }
  // Tiles that fit one by one may still not fit side by side as their live ranges meet: then smaller ones.
  std::vector<Region> tile_streamed(const Op& op) const {
    PlanOptions smaller = *options_;
    for (;;) {
      std::vector<Region> tiles = tile_alone(op, smaller);
      if (fits(*graph_, {{{&op, tiles}}}, options_->lane_bytes)) return tiles;
      smaller.lane_bytes = smaller.lane_bytes / 4 * 3;
    }
  }
  bool fits_alone(const OpTiles& resident) const {
    if (!options_->group_layers) return false;
    return fits(*graph_, {{resident}}, budget());
  }
  bool may_join(const OpTiles& op) const {
    if (current_.ops.empty()) return fits_alone(op) || op.tiles.empty();
    Group longer = current_;
    longer.ops.push_back(op);
    return fits(*graph_, longer, budget());
  }
  int64_t budget() const { return static_cast<int64_t>(static_cast<double>(options_->lane_bytes) * kResidentShare); }

  const Graph* graph_;
  const PlanOptions* options_;
  Group current_;
  std::vector<Group> groups_;
};

}  // namespace

bool is_view(const Op& op) {
  const Kernel* k = find_kernel(op.name());
  return k != nullptr && k->view_of != nullptr && !k->view_of(op).empty();
}

std::vector<Group> plan_groups(const Graph& graph, const PlanOptions& options) {
  Grower grower(graph, options);
  for (const Op& op : graph.ops()) {
    TPUC_CHECK(find_kernel(op.name()) != nullptr, "no kernel for {}", op.name());
    if (!is_view(op)) grower.add(op);
  }
  return grower.take();
}

}  // namespace tpuc::bm1684x
