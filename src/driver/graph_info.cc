// Counts what a graph holds and prints it for people.
#include "driver/graph_info.h"

#include <fmt/core.h>

#include <algorithm>

#include "driver/pipeline.h"

namespace tpuc {

GraphInfo collect_info(const Graph& graph) {
  GraphInfo info;
  info.name = graph.name;
  info.inputs = inputs_of(graph);
  info.outputs = outputs_of(graph);
  for (const Op& op : graph.ops()) {
    ++info.op_count;
    ++info.ops[std::string(op.name())];
    for (const auto& out : op.out())
      info.elements_by_precision[std::string(to_string(out->type.dtype))] += element_count(out->type);
  }
  for (const auto& constant : graph.constants()) {
    if (constant->uses.empty()) continue;
    ++info.constants;
    info.constant_bytes += byte_count(constant->type);
  }
  return info;
}

std::string to_text(const GraphInfo& info) {
  std::string out = fmt::format("graph {}: {} operators, {} constants of {:.1f} KiB\n", info.name, info.op_count,
                                info.constants, static_cast<double>(info.constant_bytes) / 1024);
  for (const auto& [name, type] : info.inputs) out += fmt::format("  input   {}: {}\n", name, to_string(type));
  for (const auto& [name, type] : info.outputs) out += fmt::format("  output  {}: {}\n", name, to_string(type));
  std::vector<std::pair<std::string, int64_t>> ops(info.ops.begin(), info.ops.end());
  std::stable_sort(ops.begin(), ops.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [name, count] : ops) out += fmt::format("  {:>6}  {}\n", count, name);
  int64_t all = 0;
  for (const auto& [precision, elements] : info.elements_by_precision) all += elements;
  for (const auto& [precision, elements] : info.elements_by_precision)
    out +=
        fmt::format("  {:>5.1f} % of the computed elements are {}\n",
                    100.0 * static_cast<double>(elements) / static_cast<double>(std::max<int64_t>(all, 1)), precision);
  return out;
}

}  // namespace tpuc
