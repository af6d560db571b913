// The types of a graph's inputs: the file's own shapes, completed and checked by what the user says.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "frontends/onnx/model.h"
#include "tpuc/frontend/source.h"

namespace tpuc::frontend {

// The `used` inputs that can be typed, by name. Appends to `problems`: E1017 (a dimension nobody fixes), E1020, E1022
// (a shape or value that contradicts the file, a name that is no input), E1023. A symbol fixed by one input holds for
// all.
std::map<std::string, TensorType> type_inputs(const GraphRecord& graph, const std::set<std::string>& used,
                                              const ImportOptions& options, std::vector<Diagnostic>& problems);

}  // namespace tpuc::frontend
