// Shape inference and reference evaluation of the convolutions. Import rules: conv_import.cc.
#include "ops/conv.h"

#include <algorithm>

#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/infer_check.h"
#include "ops/integer_sum.h"
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
  require_byte(ctx, "pad_value", a.pad_value, ctx.type(0).dtype);
}

// Checks the element types; the result's.
template <class Attrs>
DType result_type(const InferCtx& ctx, const Attrs& a, int64_t channels) {
  if (is_byte(ctx.type(0).dtype)) {
    require_type(
        ctx, 1, [](DType t) { return t == DType::I8; }, "i8 as the input is an integer");
    return require_integer_sum(ctx, a.to, a.activation, channels, false);
  }
  require_floats(ctx);
  require_no_integer_operands(ctx, a.to);
  require_vector(ctx, 2, "bias", channels, "output channels");
  return ctx.type(0).dtype;
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

// channels of planes of `inner` elements
template <class T>
void finish(const EvalArgs& in, std::vector<T>& y, Activation activation, int64_t channels, int64_t inner,
            Tensor& out) {
  if constexpr (std::is_same_v<T, int64_t>) requantize_sums(in, y, channels, inner, out.dtype());
  if (activation != Activation::None)
    for (T& v : y) v = static_cast<T>(apply(activation, static_cast<float>(v)));
  store(out, y);
}

// Elements as their distance from the value that stands for 0.
template <class T>
std::vector<T> above(const Tensor& t, int64_t zero) {
  std::vector<T> x = elements<T>(t);
  if (zero != 0)
    for (T& v : x) v -= static_cast<T>(zero);
  return x;
}

// What every window adds up where all it sees is the padding's value.
template <class T>
void add_padding(std::vector<T>& y, const std::vector<T>& filter_sums, int64_t pad_value, int64_t plane) {
  if (pad_value == 0) return;
  for (size_t i = 0; i < y.size(); ++i)
    y[i] += static_cast<T>(pad_value) * filter_sums[i / static_cast<size_t>(plane) % filter_sums.size()];
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
  const std::vector<T> x = above<T>(in[0], a.pad_value), w = above<T>(in[1], a.filter_zero);
  std::vector<T> y = start_from_bias<T>(in, z.n, z.o, z.p * z.q);
  const int64_t per_group = z.o / z.group, depth = wd[1];
  std::vector<T> filter_sums(static_cast<size_t>(z.o));
  for (size_t i = 0; i < w.size(); ++i) filter_sums[i / static_cast<size_t>(depth * z.r * z.s)] += w[i];
  add_padding(y, filter_sums, a.pad_value, z.p * z.q);
  for (int64_t n = 0; n < z.n; ++n)
    for (int64_t o = 0; o < z.o; ++o)
      for (int64_t i = 0; i < depth; ++i)
        for (int64_t t = 0; t < z.r * z.s; ++t)
          add_tap(z, a, x.data() + (n * z.c + o / per_group * depth + i) * z.h * z.w,
                  y.data() + (n * z.o + o) * z.p * z.q, w[static_cast<size_t>((o * depth + i) * z.r * z.s + t)],
                  t / z.s, t % z.s);
  finish(in, y, a.activation, z.o, z.p * z.q, out);
}

template <class T>
void eval_conv_transpose(const EvalArgs& in, const ConvTranspose2d::Attrs& a, Tensor& out) {
  // The roles are those of the convolution whose gradient this is: out is its x, in[0] its y.
  const Dims &yd = in[0].dims(), &wd = in[1].dims(), &xd = out.dims();
  const Sizes z{xd[0], xd[1], xd[2], xd[3], yd[1], yd[2], yd[3], wd[2], wd[3], a.group};
  const std::vector<T> y = above<T>(in[0], a.pad_value), w = elements<T>(in[1]);
  std::vector<T> x = start_from_bias<T>(in, z.n, z.c, z.h * z.w);
  const int64_t in_per_group = z.o / z.group, out_per_group = z.c / z.group, taps = z.r * z.s;
  // The result's channel that input channel o and place i of its group lead to, and the filter between the two.
  const auto channel_of = [&](int64_t o, int64_t i) { return o / in_per_group * out_per_group + i; };
  const auto filter_of = [&](int64_t o, int64_t i) {
    return taps *
           (a.filter == FilterOrder::Iohw ? o * out_per_group + i : channel_of(o, i) * in_per_group + o % in_per_group);
  };
  std::vector<T> filter_sums(static_cast<size_t>(z.c));
  for (int64_t o = 0; o < z.o; ++o)
    for (int64_t k = 0; k < out_per_group * taps; ++k)
      filter_sums[static_cast<size_t>(channel_of(o, k / taps))] +=
          w[static_cast<size_t>(filter_of(o, k / taps) + k % taps)];
  add_padding(x, filter_sums, a.pad_value, z.h * z.w);
  for (int64_t n = 0; n < z.n; ++n)
    for (int64_t o = 0; o < z.o; ++o)
      for (int64_t k = 0; k < out_per_group * taps; ++k)
        scatter_tap(z, a, x.data() + (n * z.c + channel_of(o, k / taps)) * z.h * z.w,
                    y.data() + (n * z.o + o) * z.p * z.q, w[static_cast<size_t>(filter_of(o, k / taps) + k % taps)],
                    k % taps / z.s, k % taps % z.s);
  finish(in, x, a.activation, z.c, z.h * z.w, out);
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
  require_byte(ctx, "filter_zero", a.filter_zero, ctx.type(1).dtype);
  const Dims &x = ctx.dims(0), &w = ctx.dims(1);
  if (x[1] % a.group != 0 || x[1] / a.group != w[1]) throw UserError(channel_error(ctx, x[1], w[1] * a.group, a.group));
  if (w[0] % a.group != 0) throw UserError(group_error(ctx, w[0], a.group));
  const DType y = result_type(ctx, a, w[0]);
  const int64_t p = window_count(ctx, "h", x[2], a.pads[0], a.pads[2], w[2], a.strides[0], a.dilations[0]);
  const int64_t q = window_count(ctx, "w", x[3], a.pads[1], a.pads[3], w[3], a.strides[1], a.dilations[1]);
  return {{y, {x[0], w[0], p, q}, {}}};
}

void Conv2d::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_compute_type(in[0].dtype(), [&](auto t) { eval_conv<decltype(t)>(in, a, out[0]); });
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
  const DType y = result_type(ctx, a, channels);
  return {{y, {x[0], channels, transposed_size(ctx, a, 0), transposed_size(ctx, a, 1)}, {}}};
}

void ConvTranspose2d::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_compute_type(in[0].dtype(), [&](auto t) { eval_conv_transpose<decltype(t)>(in, a, out[0]); });
}

std::span<const OpDef> conv_ops() {
  static const OpDef table[] = {def<Conv2d>(), def<ConvTranspose2d>()};
  return table;
}

}  // namespace tpuc::ops
