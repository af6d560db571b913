// Losses of a network that was exported with its training criterion: no operator stands for them.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_negative_log_likelihood(const NodeView& n, Builder& b);
Values import_cross_entropy(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
