// Volumes [N,C,D,H,W] by planes. A convolution reads the planes under its filter as channels, D beside N; a pool runs
// over H and W, then over D.
#include "ops/volume_import.h"

#include "ops/conv.h"
#include "ops/import.h"
#include "ops/import_window.h"
#include "ops/pool.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

using Ints = std::vector<int64_t>;

// Planes under a filter: each is sliced out.
constexpr int64_t kMostPlanes = 1024;

// Entries [first, last) of a list with one entry per spatial axis.
Ints some_axes(const NodeView& node, std::string_view key, size_t first, size_t last) {
  const Ints all = node.get_ints(key, {1, 1, 1});
  if (all.size() != 3)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: {} has {} entries, expected 3", node.op, key, all.size()));
  return {all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(last)};
}

// The window over spatial axes [first, last) of the three, resolved as for a node that has only these.
Window window_of(const NodeView& node, const Ints& kernel, size_t first, size_t last) {
  const auto at = [](const Ints& v, size_t i) { return v.begin() + static_cast<std::ptrdiff_t>(i); };
  NodeView part = node;
  for (const std::string_view key : {"strides", "dilations"})
    part.attrs.insert_or_assign(std::string(key), some_axes(node, key, first, last));
  const Ints pads = node.get_ints("pads", {0, 0, 0, 0, 0, 0});
  if (pads.size() != 6)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: pads has {} entries, expected 6", node.op, pads.size()));
  Ints part_pads(at(pads, first), at(pads, last));
  part_pads.insert(part_pads.end(), at(pads, 3 + first), at(pads, 3 + last));
  part.attrs.insert_or_assign("pads", std::move(part_pads));
  const Dims& x = node.input(0)->type.dims;
  Value flat;
  flat.type = {node.input(0)->type.dtype, {x[0], x[1]}, {}};
  flat.type.dims.insert(flat.type.dims.end(), at(x, 2 + first), at(x, 2 + last));
  return import_window(part, flat, Ints(at(kernel, first), at(kernel, last)));
}

// The same over D alone, as a window over D x 1: one axis is resolved as the second of two.
Window over_depth(const Window& line) {
  Window w;
  w.kernel = {line.kernel[1], 1}, w.strides = {line.strides[1], 1}, w.dilations = {line.dilations[1], 1};
  w.pads = {line.pads[1], 0, line.pads[3], 0};
  w.end_extra = {line.end_extra[1], 0};
  return w;
}

template <class Attrs>
Attrs with_window(Attrs a, const Window& w) {
  a.strides = w.strides, a.pads = w.pads, a.dilations = w.dilations;
  if constexpr (requires { a.kernel; }) a.kernel = w.kernel;
  if constexpr (requires { a.end_extra; }) a.end_extra = w.end_extra;
  return a;
}

// exact: the maximum over a box is that along D of the maxima over H and W. A mean alike: how many elements count
// is a product of what counts along each axis.
template <class S>
Value* pool_volume(const NodeView& node, Builder& b, typename S::Attrs attrs) {
  const Dims& x = node.input(0)->type.dims;
  const Ints kernel = some_axes(node, "kernel_shape", 0, 3);
  Value* planes = reshape(b, node.input(0), {x[0], x[1] * x[2], x[3], x[4]});
  planes = b.add<S>({planes}, with_window(attrs, window_of(node, kernel, 1, 3)));
  const int64_t p = planes->type.dims[2], q = planes->type.dims[3];
  Value* deep = reshape(b, planes, {x[0], x[1], x[2], p * q});
  deep = b.add<S>({deep}, with_window(attrs, over_depth(window_of(node, kernel, 0, 1))));
  return reshape(b, deep, {x[0], x[1], deep->type.dims[2], p, q});
}

Value* conv(const NodeView& node, Builder& b, Value* x, Value* w, const Window& win) {
  Values in{x, w};
  if (node.has_input(2)) in.push_back(node.input(2));
  Conv2d::Attrs a = with_window(Conv2d::Attrs{}, win);
  a.group = node.get_int("group", 1);
  return b.add<Conv2d>(std::move(in), std::move(a));
}

bool moves_along_depth_only(const Window& w) {
  return w.kernel == Ints{1, 1} && w.strides == Ints{1, 1} && w.pads == Ints{0, 0, 0, 0};
}

// The planes of [N,D,C,H,W] that each result plane reads, as channels: [N*P, C*T, H, W]. Of each group the planes of
// the first tap come first.
Value* planes_as_channels(Builder& b, Value* x, const Window& line, int64_t group, int64_t results) {
  const Dims d = x->type.dims;
  const int64_t taps = line.kernel[1], n = d[0], c = d[2];
  if (line.pads[1] + line.pads[3] > 0)
    x = b.add<Pad>({x}, {.begin = {0, line.pads[1], 0, 0, 0}, .end = {0, line.pads[3], 0, 0, 0}});
  x = reshape(b, x, {n, x->type.dims[1], group, c / group, d[3] * d[4]});
  Values planes;
  for (int64_t t = 0; t < taps; ++t) {
    Slice::Attrs a{.starts = {0, t * line.dilations[1], 0, 0, 0},
                   .steps = {1, results > 1 ? line.strides[1] : 1, 1, 1, 1},
                   .sizes = x->type.dims};
    a.sizes[1] = results;
    planes.push_back(a.sizes == x->type.dims ? x : b.add<Slice>({x}, std::move(a)));
  }
  Value* all = planes.size() == 1 ? planes[0] : b.add<Concat>(planes, {3});
  return reshape(b, all, {n * results, c * taps, d[3], d[4]});
}

int64_t results_of(const NodeView& node, const Window& line, int64_t depth) {
  const int64_t extent = (line.kernel[1] - 1) * line.dilations[1] + 1, room = depth + line.pads[1] + line.pads[3];
  if (extent > room)
    throw UserError(
        diagnostic(ErrorCode::E1205, "{}: the filter spans {} planes, the padded input has {}", node.op, extent, room));
  return (room - extent) / line.strides[1] + 1;
}

}  // namespace

Value* import_volume_max_pool(const NodeView& node, Builder& b) { return pool_volume<MaxPool2d>(node, b, {}); }

Value* import_volume_average_pool(const NodeView& node, Builder& b) {
  return pool_volume<AvgPool2d>(node, b, {.count_include_pad = node.get_int("count_include_pad", 0) != 0});
}

// y[n,o,d] = sum over taps t of conv2d(x[n,:,d*sd+t*dd-pd], w[o,:,t]) is one convolution with taps * C channels: one
// sum, rounded once. A filter of one element per plane is a convolution over D and H*W as they lie.
Value* import_volume_conv(const NodeView& node, Builder& b) {
  const Dims &x = node.input(0)->type.dims, &w = node.input(1)->type.dims;
  const Ints kernel(w.begin() + 2, w.end());
  const Window line = window_of(node, kernel, 0, 1), plane = window_of(node, kernel, 1, 3);
  const int64_t n = x[0], group = node.get_int("group", 1), results = results_of(node, line, x[2]);
  if (w[2] > kMostPlanes)
    refuse(node, fmt::format("the filter reads {} planes", w[2]), fmt::format("it may read {}", kMostPlanes));
  if (group < 1 || x[1] != w[1] * group)
    throw UserError(diagnostic(ErrorCode::E1204, "{}: input has {} channels, filter expects {} * {} groups", node.op,
                               x[1], w[1], group));
  if (moves_along_depth_only(plane)) {
    Value* columns = conv(node, b, reshape(b, node.input(0), {n, x[1], x[2], x[3] * x[4]}),
                          reshape(b, node.input(1), {w[0], w[1], w[2], 1}), over_depth(line));
    return reshape(b, columns, {n, w[0], results, x[3], x[4]});
  }
  Value* planes = b.add<Permute>({node.input(0)}, {.order = {0, 2, 1, 3, 4}});
  planes = planes_as_channels(b, planes, line, group, results);
  Value* filter = w[2] == 1 ? node.input(1) : b.add<Permute>({node.input(1)}, {.order = {0, 2, 1, 3, 4}});
  filter = reshape(b, filter, {w[0], w[1] * w[2], w[3], w[4]});
  Value* y = conv(node, b, planes, filter, plane);
  y = reshape(b, y, {n, results, w[0], y->type.dims[2], y->type.dims[3]});
  return b.add<Permute>({y}, {.order = {0, 2, 1, 3, 4}});
}

}  // namespace tpuc::ops
