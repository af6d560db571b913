// Which nodes of a graph are needed, and in which order they run. Finds what is wrong with the wiring on the way.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "frontends/onnx/model.h"

namespace tpuc::frontend {

struct Order {
  std::vector<size_t> nodes;
  std::set<std::string> reads;  // tensors that needed nodes, their subgraphs and the outputs read
};

// Needed nodes by index, producers before users, otherwise in the file's order. Appends to `problems`: E1014 (tensors
// nobody makes), E1015 (cycles), E1016 (names defined twice). `is_outer` knows the tensors of enclosing graphs.
Order order_nodes(const GraphRecord& graph, const std::vector<std::string>& wanted,
                  const std::function<bool(const std::string&)>& is_outer, std::vector<Diagnostic>& problems);

// "node 'x' (file.onnx, node 3, op Conv, opset 13)" for the notes of messages.
std::string describe(const NodeRecord& node, const std::string& file, int opset);

}  // namespace tpuc::frontend
