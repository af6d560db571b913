// Layouts of activations in DDR: where rows lie too near each other for the DDR's pages, or bursts are short, another
// order of the axes or gaps between the rows make the loads and stores of a tensor cheaper.
#pragma once

#include <unordered_map>

#include "backends/bm1684x/alloc/alias.h"
#include "backends/bm1684x/alloc/ddr_layout.h"
#include "backends/bm1684x/sched/schedule.h"

namespace tpuc::bm1684x {

using Layouts = std::unordered_map<const Value*, DdrLayout>;  // by root; the others are plain

// Of every tensor that only the network's own loads and stores touch, the layout with the least price of these.
Layouts choose_layouts(const Graph& graph, const Schedule& s, const Aliases& aliases);

}  // namespace tpuc::bm1684x
