// ONNX operators that walk along one axis, by operators that do not: their rules, listed with an operator each is made
// of.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_cum_sum(const NodeView& n, Builder& b);
Values import_top_k(const NodeView& n, Builder& b);
Values import_hardmax(const NodeView& n, Builder& b);
Values import_reverse_sequence(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
