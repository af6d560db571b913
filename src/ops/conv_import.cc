// ONNX Conv and ConvTranspose: attributes read, auto_pad and output_shape resolved, one axis made two.
#include <algorithm>

#include "ops/conv.h"
#include "ops/import_window.h"
#include "ops/infer_check.h"
#include "ops/volume_import.h"

namespace tpuc::ops {
namespace {

// [R,S] or [S] of the filter; a kernel_shape that says otherwise is a broken model.
std::vector<int64_t> kernel_of(const NodeView& node) {
  const Dims &x = node.input(0)->type.dims, &w = node.input(1)->type.dims;
  if (w.size() != x.size() || w.size() < 2)
    throw UserError(diagnostic(ErrorCode::E1201, "{}: filter has {} dimensions, expected {} as the input has", node.op,
                               w.size(), std::max<size_t>(x.size(), 3))
                        .note("input", to_string(node.input(0)->type))
                        .note("filter", to_string(node.input(1)->type)));
  const std::vector<int64_t> kernel(w.begin() + 2, w.end());
  const std::vector<int64_t> stated = node.get_ints("kernel_shape", kernel);
  if (stated != kernel)
    throw UserError(diagnostic(ErrorCode::E1209, "{}: kernel_shape is {}, the filter has {}", node.op,
                               to_string(stated), to_string(kernel))
                        .note("filter", to_string(node.input(1)->type)));
  return kernel;
}

Values filter_operands(const NodeView& node, Builder& b) {
  Values in{with_two_axes(node.input(0), b), with_two_axes(node.input(1), b)};
  if (node.has_input(2)) in.push_back(node.input(2));
  return in;
}

Values import_conv(const NodeView& node, Builder& b) {
  const std::vector<int64_t> kernel = kernel_of(node);
  if (kernel.size() == 3) return {import_volume_conv(node, b)};
  const Window win = import_window(node, *node.input(0), kernel);
  Conv2d::Attrs a;
  a.strides = win.strides;
  a.pads = win.pads;
  a.dilations = win.dilations;
  a.group = node.get_int("group", 1);
  return {with_axes_of(b.add<Conv2d>(filter_operands(node, b), a), *node.input(0), b)};
}

// Pads that make the result `want` long. A result longer than the operator's own grows at its end.
void pads_for_length(ConvTranspose2d::Attrs& a, size_t axis, int64_t full, int64_t want, bool upper) {
  const int64_t total = std::max<int64_t>(0, full - want);
  const int64_t half = total / 2;
  a.pads[axis] = upper ? half : total - half;
  a.pads[axis + 2] = total - a.pads[axis];
  a.output_pads[axis] += std::max<int64_t>(0, want - full);
}

// source: ONNX ConvTranspose-11: pads follow from output_shape, or from auto_pad = SAME_* (length = input * stride)
void resolve_pads(const NodeView& node, const Window& win, ConvTranspose2d::Attrs& a) {
  const Dims& x = node.input(0)->type.dims;
  const size_t axes = x.size() - 2;
  const std::string mode = auto_pad_of(node);
  std::vector<int64_t> want = node.get_ints("output_shape");
  if (want.size() == x.size()) want.erase(want.begin(), want.begin() + 2);  // some exporters give N and C as well
  if (!want.empty() && want.size() != axes)
    throw UserError(
        diagnostic(ErrorCode::E1206, "{}: output_shape has {} entries, expected {}", node.op, want.size(), axes));
  if (want.empty() && mode == "NOTSET") {
    const std::vector<int64_t> pads = node.get_ints("pads", std::vector<int64_t>(2 * axes, 0));
    if (pads.size() != 2 * axes)
      throw UserError(
          diagnostic(ErrorCode::E1206, "{}: pads has {} entries, expected {}", node.op, pads.size(), 2 * axes));
    a.pads = axes == 1 ? std::vector<int64_t>{0, pads[0], 0, pads[1]} : pads;
    return;
  }
  if (want.empty() && mode == "VALID") return;
  for (size_t i = 0; i < axes; ++i) {
    const size_t axis = i + 2 - axes;
    const int64_t size = x[i + 2];
    const int64_t full =
        (size - 1) * a.strides[axis] + (win.kernel[axis] - 1) * a.dilations[axis] + 1 + a.output_pads[axis];
    pads_for_length(a, axis, full, want.empty() ? size * a.strides[axis] : want[i], mode == "SAME_UPPER");
  }
}

Values import_conv_transpose(const NodeView& node, Builder& b) {
  const Window win = import_window_without_pads(node, *node.input(0), kernel_of(node));
  ConvTranspose2d::Attrs a;
  a.strides = win.strides;
  a.dilations = win.dilations;
  a.group = node.get_int("group", 1);
  a.output_pads = spatial_ints(node, "output_padding", node.input(0)->type.dims.size() - 2, 0, 0);
  resolve_pads(node, win, a);
  return {with_axes_of(b.add<ConvTranspose2d>(filter_operands(node, b), a), *node.input(0), b)};
}

}  // namespace

std::span<const ImportRule> Conv2d::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Conv", 1, kLastOpset, import_conv}};
  return kRules;
}

std::span<const ImportRule> ConvTranspose2d::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.ConvTranspose", 1, kLastOpset, import_conv_transpose}};
  return kRules;
}

}  // namespace tpuc::ops
