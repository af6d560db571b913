// Chains: ops that feed one another only, run together tile by tile because their results do not fit whole.
#pragma once

#include <functional>
#include <span>

#include "backends/bm1684x/plan/group.h"
#include "backends/bm1684x/plan/plan_memo.h"

namespace tpuc::bm1684x {

using GroupPrice = std::function<uint64_t(const Group&)>;

// The chains from the first of `ops` (program order) that have tiles, with more than `shortest` ops and at least two.
std::vector<Group> grow_chains(const Graph& graph, std::span<const Op* const> ops, size_t shortest,
                               const PlanOptions& options, PlanMemo& memo, const GroupPrice& price);

// Moves an op whose large result one later op alone reads right before that one, where the two can chain. Results do
// not change: none of the ops between reads it.
void bring_chains_together(const Graph& graph, std::vector<const Op*>& ops);

// Whether the steps of a group find room in local memory.
bool fits_locally(const Graph& graph, const Group& group, int64_t lane_bytes);

}  // namespace tpuc::bm1684x
