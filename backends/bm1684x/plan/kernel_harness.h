// Runs one op, or a small lowered graph, on the simulated chip: for tests of kernels and of the planner.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backends/bm1684x/plan/program.h"

namespace tpuc::bm1684x {

// Plans, emits and executes the graph with each engine running ahead in turn (the results must be equal, else
// InternalError). Inputs by value name; outputs in order. A read of memory that nothing wrote traps.
std::vector<Tensor> run_graph_on_chip(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                                      const PlanOptions& options = {});

// The op of a one-op graph on its inputs (null or constant operands as they are). `largest_tile`: 0 is free.
Tensor run_op_on_chip(const Graph& graph, const std::map<std::string, Tensor>& inputs, const Shape4& largest_tile);

}  // namespace tpuc::bm1684x
