// ONNX Einsum as permutes, reshapes, sums and matmuls: no operator stands for it.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_einsum(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
