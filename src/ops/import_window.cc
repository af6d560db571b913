// Sliding windows of ONNX nodes: auto_pad, ceil_mode and the number of axes are resolved here, once.
#include "ops/import_window.h"

#include <algorithm>

#include "ops/infer_check.h"
#include "ops/shape.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {
namespace {

void require_entries(const NodeView& node, std::string_view key, const std::vector<int64_t>& v, size_t count,
                     int64_t low) {
  if (v.size() != count)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: {} has {} entries, expected {}", node.op, key, v.size(), count));
  for (const int64_t e : v)
    if (e < low || e > kMaxWindowAttr)
      throw UserError(diagnostic(ErrorCode::E1208, "{}: {} {} holds {}, expected {} to {}", node.op, key, to_string(v),
                                 e, low, kMaxWindowAttr));
}

size_t spatial_axes(const NodeView& node, const Value& x) {
  const size_t rank = x.type.dims.size();
  if (rank != 3 && rank != 4)
    refuse(node, fmt::format("the input has {} spatial axes", static_cast<int64_t>(rank) - 2),
           "one or two spatial axes are supported; express a third one by reshapes and several operators");
  return rank - 2;
}

// Pads of one axis so that there are ceil(size / stride) windows.
void same_pads(Window& win, size_t axis, int64_t size, bool upper) {
  const int64_t extent = (win.kernel[axis] - 1) * win.dilations[axis] + 1;
  const int64_t count = ceil_div(size, win.strides[axis]);
  const int64_t total = std::max<int64_t>(0, (count - 1) * win.strides[axis] + extent - size);
  const int64_t small = total / 2, large = total - small;
  win.pads[axis] = upper ? small : large;
  win.pads[axis + 2] = upper ? large : small;
}

// One more window where a part of one remains at the end, unless it would start in the end pad.
void ceil_pads(Window& win, size_t axis, int64_t size) {
  const int64_t extent = (win.kernel[axis] - 1) * win.dilations[axis] + 1, stride = win.strides[axis];
  const int64_t padded = size + win.pads[axis] + win.pads[axis + 2];
  if (padded < extent) return;  // inference reports it
  int64_t count = ceil_div(padded - extent, stride) + 1;
  if ((count - 1) * stride >= size + win.pads[axis]) --count;
  win.end_extra[axis] = std::max<int64_t>(0, (count - 1) * stride + extent - padded);
  win.pads[axis + 2] += win.end_extra[axis];
}

}  // namespace

std::string auto_pad_of(const NodeView& node) {
  const std::string mode = node.get_string("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "VALID" && mode != "SAME_UPPER" && mode != "SAME_LOWER")
    refuse(node, fmt::format("auto_pad is `{}`", mode), "ONNX knows NOTSET, VALID, SAME_UPPER and SAME_LOWER");
  return mode;
}

std::vector<int64_t> spatial_ints(const NodeView& node, std::string_view key, size_t axes, int64_t fallback,
                                  int64_t one_axis) {
  std::vector<int64_t> v = node.get_ints(key);
  if (v.empty()) v.assign(axes, fallback);
  require_entries(node, key, v, axes, one_axis);
  if (axes == 1) v.insert(v.begin(), one_axis);
  return v;
}

Window import_window_without_pads(const NodeView& node, const Value& x, const std::vector<int64_t>& kernel) {
  const size_t axes = spatial_axes(node, x);
  require_entries(node, "kernel_shape", kernel, axes, 1);
  Window win;
  win.kernel = kernel;
  if (axes == 1) win.kernel.insert(win.kernel.begin(), 1);
  win.strides = spatial_ints(node, "strides", axes, 1, 1);
  win.dilations = spatial_ints(node, "dilations", axes, 1, 1);
  win.pads = {0, 0, 0, 0};
  return win;
}

Window import_window(const NodeView& node, const Value& x, const std::vector<int64_t>& kernel) {
  Window win = import_window_without_pads(node, x, kernel);
  const size_t axes = x.type.dims.size() - 2;
  const std::string mode = auto_pad_of(node);
  if (mode == "NOTSET") {
    std::vector<int64_t> pads = node.get_ints("pads");
    if (pads.empty()) pads.assign(2 * axes, 0);
    require_entries(node, "pads", pads, 2 * axes, 0);
    win.pads = axes == 1 ? std::vector<int64_t>{0, pads[0], 0, pads[1]} : pads;
  }
  for (size_t axis = 2 - axes; axis < 2; ++axis) {
    const int64_t size = x.type.dims[axis + axes];
    if (mode.starts_with("SAME")) same_pads(win, axis, size, mode == "SAME_UPPER");
    if (node.get_int("ceil_mode", 0) != 0 && !mode.starts_with("SAME")) ceil_pads(win, axis, size);
  }
  return win;
}

Value* with_two_axes(Value* v, Builder& b) {
  const Dims& d = v->type.dims;
  if (d.size() != 3) return v;
  const Dims wide{d[0], d[1], 1, d[2]};
  if (v->is_constant()) return b.constant(v->tensor().reshaped(wide), v->name);
  return b.add<Reshape>({v}, {.shape = wide});
}

Value* with_axes_of(Value* v, const Value& x, Builder& b) {
  if (x.type.dims.size() != 3) return v;
  const Dims& d = v->type.dims;
  return b.add<Reshape>({v}, {.shape = {d[0], d[1], d[3]}});
}

}  // namespace tpuc::ops
