// Addresses in local memory for the buffers of a schedule: live ranges over slots, so that no two buffers that live at
// the same time share bytes. Then loads move to earlier slots where memory is free, to overlap with earlier computes.
#pragma once

#include "backends/bm1684x/sched/schedule.h"

namespace tpuc::bm1684x {

struct LocalBudget {
  int64_t lane_bytes = kLaneRoom;
};

// Whether the buffers from `first_buffer` on (one group) find room at all, with loads right before their use.
bool fits_locally(const Schedule& s, size_t first_buffer, const LocalBudget& budget);

// Gives every buffer its offset, group by group (`group_starts`: first buffer of each group), and moves loads forward
// in time by at most `max_ahead` slots. Result: most bytes of a lane in use at once. Every group fits (plan_groups saw
// to it).
int64_t allocate_locally(Schedule& s, const std::vector<size_t>& group_starts, const LocalBudget& budget,
                         int max_ahead);

}  // namespace tpuc::bm1684x
