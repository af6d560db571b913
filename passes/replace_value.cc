// See replace_value.h.
#include "passes/replace_value.h"

namespace tpuc {

bool replace_value(Graph& graph, Value* from, Value* to) {
  const bool is_output = graph.is_output(from);
  const bool is_input = to->def == nullptr && !to->is_constant();
  if (is_output && (is_input || graph.is_output(to))) return false;
  graph.replace_uses(from, to);
  if (is_output) graph.rename(to, std::string(from->name));
  return true;
}

}  // namespace tpuc
