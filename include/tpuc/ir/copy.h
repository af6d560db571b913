// Copies of graphs, for trials that must not change the original.
#pragma once

#include "tpuc/ir/graph.h"

namespace tpuc {

// Names, places and order stay. Constants are not copied: the source must outlive the copy.
Module copy_module(const Module& source);
std::unique_ptr<Graph> copy_graph(const Graph& source, ConstantStore& constants);

}  // namespace tpuc
