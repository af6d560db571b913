// What a graph holds, for `tpuc info`: text here, JSON in graph_info_json.cc, from the same collected facts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tpuc/backend/backend.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

struct GraphInfo {
  std::string name;
  std::vector<ArtifactTensor> inputs, outputs;
  std::map<std::string, int64_t> ops;                    // how many of each operator
  std::map<std::string, int64_t> elements_by_precision;  // results of operators, by element type
  int64_t op_count = 0, constants = 0, constant_bytes = 0;
};
GraphInfo collect_info(const Graph& graph);
std::string to_text(const GraphInfo& info);
std::string to_json(const std::vector<GraphInfo>& infos);

}  // namespace tpuc
