// Which commands belong to which op: the text that travels in the bmodel for dis, profile and the simulator's messages.
#pragma once

#include <string>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/plan/program.h"

namespace tpuc::bm1684x {

std::string debug_ranges(const Graph& graph, const Program& p, const std::vector<std::string>& border_notes);
std::vector<bmodel::WeightLocation> coefficient_locations(const Program& p);

}  // namespace tpuc::bm1684x
