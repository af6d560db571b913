// Normalizations that are a reduction and a quotient: no operator stands for them.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_lp_normalization(const NodeView& n, Builder& b);
Values import_mean_variance_normalization(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
