// ONNX's inverse and hyperbolic functions as compositions: no operator stands for them.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_tan(const NodeView& n, Builder& b);
Values import_atan(const NodeView& n, Builder& b);
Values import_asin(const NodeView& n, Builder& b);
Values import_acos(const NodeView& n, Builder& b);
Values import_sinh(const NodeView& n, Builder& b);
Values import_cosh(const NodeView& n, Builder& b);
Values import_asinh(const NodeView& n, Builder& b);
Values import_acosh(const NodeView& n, Builder& b);
Values import_atanh(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
