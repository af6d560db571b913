// ONNX convolutions and pools over three spatial axes, by those over two: called by the rules of their operators.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

// Nodes whose input is [N,C,D,H,W].
Value* import_volume_conv(const NodeView& node, Builder& b);
Value* import_volume_max_pool(const NodeView& node, Builder& b);
Value* import_volume_average_pool(const NodeView& node, Builder& b);

}  // namespace tpuc::ops
