// Graphs as JSON, schema "tpuc-ir/1": sorted keys and one op per line, so that files diff well. For reading by tools;
// tpuc itself reads .tpuir.
#pragma once

#include <string>
#include <string_view>

#include "tpuc/ir/graph.h"

namespace tpuc {

// `after` names the pass, `stage` what the graph promises (see to_string(Stage)).
std::string to_json(const Graph& graph, std::string_view after = "", std::string_view stage = "");

}  // namespace tpuc
