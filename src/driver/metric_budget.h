// Whether a quantized network keeps the float network's figure in its own task, to within a budget.
#pragma once

#include <functional>

#include "driver/eval/evaluate.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

// Evaluates the float network of the request now: without labels its own results are the truth. What is returned
// evaluates another graph of the same inputs and outputs, by way of a file for a moment.
std::function<bool(const Module&)> metric_budget(const eval::EvalRequest& of_floats, double most_loss);

}  // namespace tpuc
