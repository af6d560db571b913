// From a lowered graph to command streams and coefficients: the back end's table of contents.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "backends/bm1684x/alloc/ddr_alloc.h"
#include "backends/bm1684x/emit/stream.h"
#include "backends/bm1684x/plan/group.h"

namespace tpuc::bm1684x {

// Commands [first, last] of a group of streams that belong to one step of a compute; 0, 0: none.
struct Span {
  uint32_t tiu_first = 0, tiu_last = 0, gdma_first = 0, gdma_last = 0;
  size_t group = 0;  // of streams
  int compute = 0;   // index into Schedule::computes
};

struct Program {
  std::vector<CommandGroup> groups;
  std::vector<Span> spans;
  DdrPlan ddr;
  Schedule schedule;
  int64_t local_peak_bytes = 0;  // of a lane
  uint64_t predicted_cycles = 0;
  uint64_t busiest_cycles = 0;            // of the engine that has more to do
  std::unordered_set<const Op*> widened;  // ops that compute in f32 inside local memory though their result is narrower
};

// The graph must live as long as the program. `on_phase` is told "plan", "schedule", "allocate and emit" as they begin;
// may be empty.
Program build_program(const Graph& graph, const PlanOptions& options,
                      const std::function<void(std::string_view)>& on_phase = {});

// Cycles that a group adds to a program, by its commands: between what it takes on its own and what the busier engine
// does, as about half of the waiting overlaps with the groups around.
uint64_t predict_cycles(const Graph& graph, const Aliases& aliases, const Group& group, const PlanOptions& options);

// Writes the constants as the commands look for them, on `threads` threads (0: all cores).
// `out`: DdrPlan::coefficients.bytes zeros.
void pack_coefficients(const Program& p, std::span<std::byte> out, unsigned threads = 0);

}  // namespace tpuc::bm1684x
