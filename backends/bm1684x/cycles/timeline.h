// The two queues of a stage in time: each command starts when its engine is free and the one it waits for is done.
// Groups follow one another with both queues drained.   source: CYCLES.md section 5, GDMA.md section 7
#pragma once

#include <cstdint>
#include <vector>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/cycles/cycles.h"

namespace tpuc::bm1684x {

struct TimedCommand {
  const bmodel::Command* command = nullptr;
  uint64_t start = 0;  // cycles from the start of the stage
  Cost cost;
  uint64_t end() const { return start + cost.cycles; }
};

struct GroupTimeline {
  const bmodel::StageGroup* group = nullptr;
  uint64_t begin = 0, end = 0;
  std::vector<TimedCommand> queue[kEngineCount];
};

struct Timeline {
  std::vector<GroupTimeline> groups;  // refer to the StageGroups they were made from
  uint64_t total_cycles = 0;
  uint64_t busy[kEngineCount] = {0, 0}, wait[kEngineCount] = {0, 0};
};

// throws UserError E6003 where a command waits for one that never comes.
Timeline make_timeline(const std::vector<bmodel::StageGroup>& groups);

}  // namespace tpuc::bm1684x
