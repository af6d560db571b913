// Turns groups into schedule steps: what is loaded when, what stays, what is stored.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "backends/bm1684x/plan/group.h"
#include "backends/bm1684x/sched/local_concat.h"
#include "backends/bm1684x/sched/schedule.h"
#include "backends/bm1684x/sched/shared_images.h"

namespace tpuc::bm1684x {

class ScheduleBuilder {
 public:
  explicit ScheduleBuilder(const Graph& graph) : graph_(&graph) {}
  // Appends the steps of a group. Buffers get slots but no addresses; loads are issued right before their use.
  void add(const Group& group);
  const Schedule& schedule() const { return s_; }
  Schedule& schedule() { return s_; }

 private:
  struct Held {
    int64_t buffer = -1;
    Region region;
    View view;
  };
  void add_tile(const Op& op, const Kernel& kernel, const Region& tile);
  void add_ddr_step(const Op& op);
  void join_parts(const Op& concat);
  Held place_for(const Value* result, const View& view, const Region& tile, int slot);
  int64_t buffer_of_joined(const Op& concat, int slot);
  ComputeInput take_input(const Op& op, size_t i, const Need& need, const View& view, int slot);
  void take_image(const Op& op, const Region& tile, const Footprint& f, Compute& c);
  size_t image_of(const Op& op, const Region& tile, const Region& key, const Footprint& f);
  int64_t load_image(const Op& op, size_t image, int slot);
  int64_t load_with_others(const Op& op, size_t image, int slot);
  size_t new_buffer(int64_t bytes, int slot);
  void touch(int64_t buffer, int slot);
  void wish(int64_t buffer, const Wish& place);
  bool stays_local(const Op& user, size_t operand, const Value* v) const;
  bool goes_to_ddr(const Value* v) const;
  int ready_slot(const Value* v) const;

  const Graph* graph_;
  Schedule s_;
  bool chained_ = false, keeps_whole_ = false;
  std::unordered_set<const Op*> members_;
  std::unordered_map<const Value*, Held> resident_;  // results of this group that stay whole
  LocalConcats concats_;
  std::unordered_map<const Op*, int64_t> joined_;  // buffers of this group's concatenations in local memory
  std::unordered_map<const Value*, int> stored_;   // last slot that stores (part of) a value
  // A box of a tensor that is in local memory because `op` needed it.
  struct Loaded {
    const Op* op = nullptr;
    Need need;
    View view;
    int64_t buffer = -1;
  };
  std::unordered_map<const Value*, std::vector<Loaded>> loaded_;
  struct TileImage {
    Region region;
    size_t image = 0;
  };
  // What an op has in local memory that its next tile may use again.
  struct OpState {
    int tiles = 0;
    std::optional<TileImage> image;        // of the last tile
    std::map<std::string, size_t> images;  // by region
    std::vector<size_t> scratch;           // of the last tile
  };
  std::unordered_map<const Op*, OpState> states_;
  // The block of this group that small images still join, and its buffer.
  struct OpenBlock {
    size_t block = 0;
    int64_t buffer = -1;
  };
  std::optional<OpenBlock> open_block_;
  SharedImages shared_large_, shared_small_;
  std::unordered_map<size_t, int64_t> loaded_images_;  // buffers of this group's images, as loaded last
};

}  // namespace tpuc::bm1684x
