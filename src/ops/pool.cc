// Pooling: shape inference, reference evaluation and the ONNX rules of MaxPool, AveragePool and the global pools.
#include "ops/pool.h"

#include <algorithm>
#include <limits>

#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/import_window.h"
#include "ops/infer_check.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/volume_import.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::ops {
namespace {

template <class Attrs>
std::vector<TensorType> infer_pool(const InferCtx& ctx, const Attrs& a) {
  require_list(ctx, "kernel", a.kernel, 2, 1);
  require_list(ctx, "strides", a.strides, 2, 1);
  require_list(ctx, "pads", a.pads, 4, 0);
  require_list(ctx, "dilations", a.dilations, 2, 1);
  require_rank(ctx, 0, "input", 4);
  const Dims& x = ctx.dims(0);
  const int64_t p = window_count(ctx, "h", x[2], a.pads[0], a.pads[2], a.kernel[0], a.strides[0], a.dilations[0]);
  const int64_t q = window_count(ctx, "w", x[3], a.pads[1], a.pads[3], a.kernel[1], a.strides[1], a.dilations[1]);
  return {{ctx.type(0).dtype, {x[0], x[1], p, q}, ctx.type(0).quant}};
}

// Calls visit(x element) for the elements of one window that lie inside the plane x [H,W].
template <class T, class Attrs, class Visit>
void for_window(const Attrs& a, const Dims& x_dims, const T* plane, int64_t p, int64_t q, Visit&& visit) {
  for (int64_t r = 0; r < a.kernel[0]; ++r) {
    const int64_t h = p * a.strides[0] + r * a.dilations[0] - a.pads[0];
    if (h < 0 || h >= x_dims[2]) continue;
    for (int64_t s = 0; s < a.kernel[1]; ++s) {
      const int64_t w = q * a.strides[1] + s * a.dilations[1] - a.pads[1];
      if (w >= 0 && w < x_dims[3]) visit(plane[h * x_dims[3] + w]);
    }
  }
}

// y[n,c,p,q] = window_value(plane, p, q) for every output.
template <class T, class Fn>
void for_outputs(const Tensor& x, Tensor& out, Fn&& window_value) {
  const std::vector<T> in = elements<T>(x);
  std::vector<T> y(static_cast<size_t>(out.count()));
  const Dims &xd = x.dims(), &yd = out.dims();
  auto next = y.begin();
  for (int64_t plane = 0; plane < yd[0] * yd[1]; ++plane)
    for (int64_t p = 0; p < yd[2]; ++p)
      for (int64_t q = 0; q < yd[3]; ++q) *next++ = window_value(in.data() + plane * xd[2] * xd[3], p, q);
  store(out, y);
}

// What a window without elements gives, and what padding counts as.
template <class T>
T lowest(DType t) {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  return static_cast<T>(lowest_of(bit_width(t), is_signed(t)));
}

template <class T>
void eval_max(const Tensor& x, const MaxPool2d::Attrs& a, Tensor& out) {
  for_outputs<T>(x, out, [&](const T* plane, int64_t p, int64_t q) {
    T best = lowest<T>(x.dtype());
    for_window(a, x.dims(), plane, p, q, [&](T v) { best = v > best || v != v ? v : best; });
    return best;
  });
}

template <class T>
void eval_avg(const Tensor& x, const AvgPool2d::Attrs& a, Tensor& out) {
  for_outputs<T>(x, out, [&](const T* plane, int64_t p, int64_t q) {
    T sum = 0;
    for_window(a, x.dims(), plane, p, q, [&](T v) { sum += v; });
    const int64_t count = avg_pool_count(a, 0, x.dims()[2], p) * avg_pool_count(a, 1, x.dims()[3], q);
    return count == 0 ? T{0} : sum / static_cast<T>(count);
  });
}

template <class S>
Value* build_pool(const NodeView& node, Builder& b, typename S::Attrs a, const Window& win) {
  a.kernel = win.kernel;
  a.strides = win.strides;
  a.pads = win.pads;
  a.dilations = win.dilations;
  return with_axes_of(b.add<S>({with_two_axes(node.input(0), b)}, a), *node.input(0), b);
}

Values import_max_pool(const NodeView& node, Builder& b) {
  if (node.output_names.size() > 1 && !node.output_names[1].empty())
    refuse(node, "the output Indices is used", "only the pooled values are supported; remove what reads the indices");
  if (node.input(0)->type.dims.size() == 5) return {import_volume_max_pool(node, b)};
  return {build_pool<MaxPool2d>(node, b, {}, import_window(node, *node.input(0), node.get_ints("kernel_shape")))};
}

Values import_average_pool(const NodeView& node, Builder& b) {
  if (node.input(0)->type.dims.size() == 5) return {import_volume_average_pool(node, b)};
  const Window win = import_window(node, *node.input(0), node.get_ints("kernel_shape"));
  AvgPool2d::Attrs a;
  a.count_include_pad = node.get_int("count_include_pad", 0) != 0;
  a.end_extra = win.end_extra;
  return {build_pool<AvgPool2d>(node, b, a, win)};
}

// The whole of [N,C,...] under one kernel: three axes and more as two.
template <class S>
Values import_global(const NodeView& node, Builder& b) {
  const Dims& x = node.input(0)->type.dims;
  if (x.size() < 3)
    throw UserError(
        diagnostic(ErrorCode::E1201, "{}: the input has {} dimensions, expected at least 3", node.op, x.size()));
  const int64_t rows = x.size() == 3 ? 1 : x[2],
                columns = element_count(Dims(x.begin() + (x.size() == 3 ? 2 : 3), x.end()));
  Value* y = b.add<S>({reshape(b, node.input(0), {x[0], x[1], rows, columns})}, {.kernel = {rows, columns}});
  Dims dims(x.size(), 1);
  dims[0] = x[0], dims[1] = x[1];
  return {reshape(b, y, std::move(dims))};
}

}  // namespace

int64_t avg_pool_count(const AvgPool2d::Attrs& a, size_t axis, int64_t in_size, int64_t out) {
  const int64_t begin = a.count_include_pad ? -a.pads[axis] : 0;
  const int64_t end = a.count_include_pad ? in_size + a.pads[axis + 2] - a.end_extra[axis] : in_size;
  int64_t count = 0;
  for (int64_t k = 0; k < a.kernel[axis]; ++k) {
    const int64_t at = out * a.strides[axis] + k * a.dilations[axis] - a.pads[axis];
    count += at >= begin && at < end;
  }
  return count;
}

std::vector<TensorType> MaxPool2d::infer(const InferCtx& ctx, const Attrs& a) {
  require_number(ctx);
  return infer_pool(ctx, a);
}

void MaxPool2d::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_compute_type(in[0].dtype(), [&](auto t) { eval_max<decltype(t)>(in[0], a, out[0]); });
}

std::vector<TensorType> AvgPool2d::infer(const InferCtx& ctx, const Attrs& a) {
  require_floats(ctx);
  require_list(ctx, "end_extra", a.end_extra, 2, 0);
  return infer_pool(ctx, a);
}

void AvgPool2d::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  if (in[0].dtype() == DType::F64) return eval_avg<double>(in[0], a, out[0]);
  eval_avg<float>(in[0], a, out[0]);
}

std::span<const ImportRule> MaxPool2d::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.MaxPool", 1, kLastOpset, import_max_pool},
                                          {"onnx.GlobalMaxPool", 1, kLastOpset, import_global<MaxPool2d>}};
  return kRules;
}

std::span<const ImportRule> AvgPool2d::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.AveragePool", 1, kLastOpset, import_average_pool},
                                          {"onnx.GlobalAveragePool", 1, kLastOpset, import_global<AvgPool2d>}};
  return kRules;
}

// Pads are none where a kernel of the plane's size gives one result.
template <class S>
static Values decompose_global(const Op& op, Builder& b, ReduceKind kind) {
  const auto& a = op.attrs<S>();
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  const bool is_global = a.kernel == std::vector<int64_t>{in[2], in[3]} && out[2] == 1 && out[3] == 1 &&
                         a.pads == std::vector<int64_t>{0, 0, 0, 0} && is_float(op.in(0)->type.dtype);
  if (!is_global) return {};
  return {b.add<Reduce>({op.in(0)}, {kind, {2, 3}, true})};
}

Values MaxPool2d::decompose(const Op& op, Builder& b) { return decompose_global<MaxPool2d>(op, b, ReduceKind::Max); }
Values AvgPool2d::decompose(const Op& op, Builder& b) { return decompose_global<AvgPool2d>(op, b, ReduceKind::Mean); }

std::span<const OpDef> pool_ops() {
  static const OpDef table[] = {def<MaxPool2d>(), def<AvgPool2d>()};
  return table;
}

}  // namespace tpuc::ops
