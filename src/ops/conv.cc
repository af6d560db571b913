// Shape inference and reference evaluation of the convolutions. Import rules: conv_import.cc.
#include "ops/conv.h"

#include <algorithm>

#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/infer_check.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {
namespace {

template <class Attrs>
void check_window_attrs(const InferCtx& ctx, const Attrs& a) {
  require_list(ctx, "strides", a.strides, 2, 1);
  require_list(ctx, "pads", a.pads, 4, 0);
  require_list(ctx, "dilations", a.dilations, 2, 1);
  require_list(ctx, "group", {a.group}, 1, 1);
  require_rank(ctx, 0, "input", 4);
  require_rank(ctx, 1, "filter", 4);
  require_floats(ctx);
}

Diagnostic channel_error(const InferCtx& ctx, int64_t channels, int64_t expected, int64_t group) {
  return diagnostic(ErrorCode::E1204, "{}: input has {} channels, filter expects {}", ctx.op, channels, expected)
      .note("input", to_string(ctx.type(0)))
      .note("filter", to_string(ctx.type(1)))
      .note("hint", group == 1 ? "group is 1; a grouped convolution needs channels == filter channels * group"
                               : fmt::format("group is {}; channels must equal filter channels * group", group));
}

Diagnostic group_error(const InferCtx& ctx, int64_t channels, int64_t group) {
  return diagnostic(ErrorCode::E1204, "{}: {} channels do not divide into {} groups", ctx.op, channels, group)
      .note("input", to_string(ctx.type(0)))
      .note("filter", to_string(ctx.type(1)));
}

// Sizes of one convolution, in the direction of conv2d: x [N,C,H,W], y [N,O,P,Q], w [O,C/g,R,S].
struct Sizes {
  int64_t n, c, h, w, o, p, q, r, s, group;
};

// The output positions [begin, end) whose tap `tap` lies inside an axis of `size` elements.
struct Range {
  int64_t begin, end;
};
Range inside(int64_t size, int64_t count, int64_t tap, int64_t stride, int64_t dilation, int64_t pad) {
  const int64_t first = tap * dilation - pad;  // position of the tap for output 0
  const int64_t begin = first >= 0 ? 0 : ceil_div(-first, stride);
  const int64_t end = first >= size ? 0 : (size - 1 - first) / stride + 1;
  return {begin, std::max(begin, std::min(end, count))};
}

// y += x * one filter tap, over one channel plane.
template <class T, class Attrs>
void add_tap(const Sizes& z, const Attrs& a, const T* x, T* y, T weight, int64_t tap_r, int64_t tap_s) {
  const Range rows = inside(z.h, z.p, tap_r, a.strides[0], a.dilations[0], a.pads[0]);
  const Range cols = inside(z.w, z.q, tap_s, a.strides[1], a.dilations[1], a.pads[1]);
  for (int64_t p = rows.begin; p < rows.end; ++p) {
    const T* x_row = x + (p * a.strides[0] + tap_r * a.dilations[0] - a.pads[0]) * z.w;
    const int64_t shift = tap_s * a.dilations[1] - a.pads[1], stride = a.strides[1];
    T* y_row = y + p * z.q;
    for (int64_t q = cols.begin; q < cols.end; ++q) y_row[q] += weight * x_row[q * stride + shift];
  }
}

// x += y * one filter tap: the transpose of add_tap.
template <class T, class Attrs>
void scatter_tap(const Sizes& z, const Attrs& a, T* x, const T* y, T weight, int64_t tap_r, int64_t tap_s) {
  const Range rows = inside(z.h, z.p, tap_r, a.strides[0], a.dilations[0], a.pads[0]);
  const Range cols = inside(z.w, z.q, tap_s, a.strides[1], a.dilations[1], a.pads[1]);
  for (int64_t p = rows.begin; p < rows.end; ++p) {
    T* x_row = x + (p * a.strides[0] + tap_r * a.dilations[0] - a.pads[0]) * z.w;
    const int64_t shift = tap_s * a.dilations[1] - a.pads[1], stride = a.strides[1];
    const T* y_row = y + p * z.q;
    for (int64_t q = cols.begin; q < cols.end; ++q) x_row[q * stride + shift] += weight * y_row[q];
  }
}

template <class T>
void finish(std::vector<T>& y, Activation activation) {
  if (activation == Activation::None) return;
  for (T& v : y) v = static_cast<T>(apply(activation, static_cast<float>(v)));
}

// Fills y [n, channels, plane] with the bias of each channel, or zero.
template <class T>
std::vector<T> start_from_bias(const EvalArgs& in, int64_t n, int64_t channels, int64_t plane) {
  std::vector<T> y(static_cast<size_t>(n * channels * plane));
  if (!in.has(2)) return y;
  const std::vector<T> b = elements<T>(in[2]);
  for (int64_t i = 0; i < n * channels; ++i)
    std::fill_n(y.begin() + i * plane, plane, b[static_cast<size_t>(i % channels)]);
  return y;
}

template <class T>
void eval_conv(const EvalArgs& in, const Conv2d::Attrs& a, Tensor& out) {
  const Dims &xd = in[0].dims(), &wd = in[1].dims(), &yd = out.dims();
  const Sizes z{xd[0], xd[1], xd[2], xd[3], yd[1], yd[2], yd[3], wd[2], wd[3], a.group};
  const std::vector<T> x = elements<T>(in[0]), w = elements<T>(in[1]);
  std::vector<T> y = start_from_bias<T>(in, z.n, z.o, z.p * z.q);
  const int64_t per_group = z.o / z.group, depth = wd[1];
  for (int64_t n = 0; n < z.n; ++n)
    for (int64_t o = 0; o < z.o; ++o)
      for (int64_t i = 0; i < depth; ++i)
        for (int64_t t = 0; t < z.r * z.s; ++t)
          add_tap(z, a, x.data() + (n * z.c + o / per_group * depth + i) * z.h * z.w,
                  y.data() + (n * z.o + o) * z.p * z.q, w[static_cast<size_t>((o * depth + i) * z.r * z.s + t)],
                  t / z.s, t % z.s);
  finish(y, a.activation);
  store(out, y);
}

template <class T>
void eval_conv_transpose(const EvalArgs& in, const ConvTranspose2d::Attrs& a, Tensor& out) {
  // The roles are those of the convolution whose gradient this is: out is its x, in[0] its y.
  const Dims &yd = in[0].dims(), &wd = in[1].dims(), &xd = out.dims();
  const Sizes z{xd[0], xd[1], xd[2], xd[3], yd[1], yd[2], yd[3], wd[2], wd[3], a.group};
  const std::vector<T> y = elements<T>(in[0]), w = elements<T>(in[1]);
  std::vector<T> x = start_from_bias<T>(in, z.n, z.c, z.h * z.w);
  const int64_t in_per_group = z.o / z.group, out_per_group = z.c / z.group;
  for (int64_t n = 0; n < z.n; ++n)
    for (int64_t o = 0; o < z.o; ++o)
      for (int64_t i = 0; i < out_per_group; ++i) {
        const int64_t channel = o / in_per_group * out_per_group + i;
        const int64_t filter =
            a.filter == FilterOrder::Iohw ? o * out_per_group + i : channel * in_per_group + o % in_per_group;
        for (int64_t t = 0; t < z.r * z.s; ++t)
          scatter_tap(z, a, x.data() + (n * z.c + channel) * z.h * z.w, y.data() + (n * z.o + o) * z.p * z.q,
                      w[static_cast<size_t>(filter * z.r * z.s + t)], t / z.s, t % z.s);
      }
  finish(x, a.activation);
  store(out, x);
}

int64_t transposed_size(const InferCtx& ctx, const ConvTranspose2d::Attrs& a, size_t axis) {
  const int64_t size = ctx.dims(0)[axis + 2], kernel = ctx.dims(1)[axis + 2];
  const int64_t full = (size - 1) * a.strides[axis] + (kernel - 1) * a.dilations[axis] + 1 + a.output_pads[axis];
  const int64_t out = full - a.pads[axis] - a.pads[axis + 2];
  if (size < 1 || kernel < 1 || out < 1)
    throw UserError(
        diagnostic(ErrorCode::E1205, "{}: pads {} and {} leave nothing of a result of {} elements", ctx.op,
                   a.pads[axis], a.pads[axis + 2], full)
            .note("input", to_string(ctx.type(0)))
            .note("filter", to_string(ctx.type(1)))
            .note("hint", "result = (size - 1) * stride + (kernel - 1) * dilation + 1 + output_pads - pads"));
  return out;
}

}  // namespace

std::vector<TensorType> Conv2d::infer(const InferCtx& ctx, const Attrs& a) {
  check_window_attrs(ctx, a);
  const Dims &x = ctx.dims(0), &w = ctx.dims(1);
  if (x[1] % a.group != 0 || x[1] / a.group != w[1]) throw UserError(channel_error(ctx, x[1], w[1] * a.group, a.group));
  if (w[0] % a.group != 0) throw UserError(group_error(ctx, w[0], a.group));
  require_vector(ctx, 2, "bias", w[0], "output channels");
  const int64_t p = window_count(ctx, "h", x[2], a.pads[0], a.pads[2], w[2], a.strides[0], a.dilations[0]);
  const int64_t q = window_count(ctx, "w", x[3], a.pads[1], a.pads[3], w[3], a.strides[1], a.dilations[1]);
  return {like_input(ctx, {x[0], w[0], p, q})};
}

void Conv2d::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  if (in[0].dtype() == DType::F64) return eval_conv<double>(in, a, out[0]);
  eval_conv<float>(in, a, out[0]);
}

std::vector<TensorType> ConvTranspose2d::infer(const InferCtx& ctx, const Attrs& a) {
  check_window_attrs(ctx, a);
  require_list(ctx, "output_pads", a.output_pads, 2, 0);
  const Dims &x = ctx.dims(0), &w = ctx.dims(1);
  const bool iohw = a.filter == FilterOrder::Iohw;
  if (x[1] % a.group != 0) throw UserError(group_error(ctx, x[1], a.group));
  if (!iohw && w[0] % a.group != 0) throw UserError(group_error(ctx, w[0], a.group));
  const int64_t expected = iohw ? w[0] : w[1] * a.group, channels = iohw ? w[1] * a.group : w[0];
  if (x[1] != expected) throw UserError(channel_error(ctx, x[1], expected, a.group));
  require_vector(ctx, 2, "bias", channels, "output channels");
  return {like_input(ctx, {x[0], channels, transposed_size(ctx, a, 0), transposed_size(ctx, a, 1)})};
}

void ConvTranspose2d::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  if (in[0].dtype() == DType::F64) return eval_conv_transpose<double>(in, a, out[0]);
  eval_conv_transpose<float>(in, a, out[0]);
}

std::span<const OpDef> conv_ops() {
  static const OpDef table[] = {def<Conv2d>(), def<ConvTranspose2d>()};
  return table;
}

}  // namespace tpuc::ops
