// Letting one value stand for another, with the care that graph outputs need: their names are the network's interface.
#pragma once

#include "tpuc/ir/graph.h"

namespace tpuc {

// All users of `from` read `to`. Where `from` is a graph output, `to` takes its name; false, and nothing done, where it
// cannot: it is a graph input or an output itself.
bool replace_value(Graph& graph, Value* from, Value* to);

}  // namespace tpuc
