// ONNX nodes whose result is known once shapes are: they become constants, no operator stands for them.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_shape(const NodeView& n, Builder& b);
Values import_size(const NodeView& n, Builder& b);
Values import_constant(const NodeView& n, Builder& b);
Values import_constant_of_shape(const NodeView& n, Builder& b);
Values import_eye_like(const NodeView& n, Builder& b);
Values import_range(const NodeView& n, Builder& b);
Values import_non_zero(const NodeView& n, Builder& b);
Values import_one_hot(const NodeView& n, Builder& b);
Values import_trilu(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
