// What ONNX's convolutions and pools have in common, read from a node: kernel, strides, pads, auto_pad, ceil_mode.
// One spatial axis becomes two (the first of length 1); three are taken apart by volume_import.h before.
#pragma once

#include <string_view>
#include <vector>

#include "ops/import.h"
#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

struct Window {
  std::vector<int64_t> kernel, strides, pads, dilations;  // two axes; pads are [top,left,bottom,right]
  std::vector<int64_t> end_extra{0, 0};                   // part of the end pads that ceil_mode added
};

// Reads attributes for `x` [N,C,spatial...]; `kernel` has one entry per spatial axis. Resolves auto_pad and ceil_mode
// for an operator that slides the window over x. E1024 for three axes, E1208 for values without meaning.
Window import_window(const NodeView& node, const Value& x, const std::vector<int64_t>& kernel);
// The same without pads (all zero): for transposed convolutions, whose auto_pad means another thing.
Window import_window_without_pads(const NodeView& node, const Value& x, const std::vector<int64_t>& kernel);

// Attributes `key` of the node as two axes, padded in front by `one_axis` where the node has one axis.
std::vector<int64_t> spatial_ints(const NodeView& node, std::string_view key, size_t axes, int64_t fallback,
                                  int64_t one_axis);
// "NOTSET", "VALID", "SAME_UPPER" or "SAME_LOWER"; E1024 for others.
std::string auto_pad_of(const NodeView& node);

// [N,C,W] -> [N,C,1,W]; four dimensions pass. Constants stay constants.
Value* with_two_axes(Value* v, Builder& b);
// The node's result: [N,C,1,W] -> [N,C,W] when `x`, the node's input, has one spatial axis.
Value* with_axes_of(Value* v, const Value& x, Builder& b);

}  // namespace tpuc::ops
