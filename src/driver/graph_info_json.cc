// The facts of graph_info.h as JSON: sorted keys, two spaces of indentation.
#include <nlohmann/json.hpp>

#include "driver/graph_info.h"

namespace tpuc {
namespace {

nlohmann::json tensors(const std::vector<ArtifactTensor>& list) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [name, type] : list)
    out.push_back({{"name", name}, {"dtype", std::string(to_string(type.dtype))}, {"shape", type.dims}});
  return out;
}

}  // namespace

std::string to_json(const std::vector<GraphInfo>& infos) {
  nlohmann::json graphs = nlohmann::json::array();
  for (const GraphInfo& info : infos)
    graphs.push_back({{"name", info.name},
                      {"inputs", tensors(info.inputs)},
                      {"outputs", tensors(info.outputs)},
                      {"ops", info.ops},
                      {"elements_by_precision", info.elements_by_precision},
                      {"op_count", info.op_count},
                      {"constants", info.constants},
                      {"constant_bytes", info.constant_bytes}});
  // Names come from foreign files: bytes that are no UTF-8 are replaced instead of thrown at.
  return nlohmann::json{{"kind", "graph"}, {"graphs", graphs}}.dump(2, ' ', false,
                                                                    nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace tpuc
