// Finds the import rule of a node, or says why there is none and what could be done.
#pragma once

#include <string>
#include <vector>

#include "frontends/onnx/model.h"

namespace tpuc::frontend {

// Throws E1010 (operator, or its version, without a rule) or E1021 (Loop and Scan).
const ImportRule& find_rule(const NodeRecord& node, int opset, const ModelRecord& model);

// A way round an operator that has no rule; "" when none is known.
std::string_view hint_for(std::string_view op);

}  // namespace tpuc::frontend
