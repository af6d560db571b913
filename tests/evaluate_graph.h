// Runs a graph on the host with the operators' reference evaluation, for tests: slow and without cleverness.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tpuc/ir/graph.h"

namespace tpuc::test {

// Values for the graph's inputs from a seed: floats in -2..2, integers in 0..3.
std::vector<Tensor> random_inputs(const Graph& graph, uint64_t seed);
// Outputs in order. Inputs are converted to the graph's input types (by value).
std::vector<Tensor> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs);
// Empty when all elements agree: |a - b| <= rtol * (1 + |a|), or both not finite alike; else the first difference.
std::string compare_values(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double rtol);

}  // namespace tpuc::test
