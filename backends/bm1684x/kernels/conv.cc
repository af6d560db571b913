// conv2d on the convolution array (dense, grouped) and on the depthwise unit.   source: TIU.md sections 4 and 5,
// COOKBOOK.md 1 f32: terms in order (ic, kh, kw) in two alternating accumulators; halves: f32 accumulation, one
// rounding at the end. Depthwise halves are widened in local memory: the unit rounds at every step (COOKBOOK.md section
// 1).
#include "ops/conv.h"

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/conv_pack.h"
#include "backends/bm1684x/kernels/conv_window.h"
#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

namespace {

using ops::Conv2d;

struct Geometry {
  int64_t groups, in_per_group, out_per_group;
  Window h, w;
  Shape4 in, out;
  Prec prec;
  const Tensor* filter;
  const Tensor* opt_bias;
  bool depthwise() const { return groups > 1 && in_per_group == 1 && out_per_group == 1; }
};

Shape4 shape4(const Value* v) {
  const Dims& d = v->type.dims;
  return {d[0], d[1], d[2], d[3]};
}

Geometry geometry(const Op& op) {
  const auto& a = op.attrs<Conv2d>();
  const Dims& f = op.in(1)->type.dims;
  Geometry g;
  g.groups = a.group;
  g.in_per_group = f[1];
  g.out_per_group = f[0] / a.group;
  g.h = {f[2], a.strides[0], a.dilations[0], a.pads[0], a.pads[2]};
  g.w = {f[3], a.strides[1], a.dilations[1], a.pads[1], a.pads[3]};
  g.in = shape4(op.in(0));
  g.out = shape4(op.out(0));
  g.prec = prec_of(op.in(0)->type.dtype);
  g.filter = op.in(1)->is_constant() ? &op.in(1)->tensor() : nullptr;
  g.opt_bias = op.in(2) != nullptr && op.in(2)->is_constant() ? &op.in(2)->tensor() : nullptr;
  return g;
}

Support axis_support(const Window& w, std::string_view axis) {
  if (w.stride > kMaxConvStep)
    return {false, fmt::format("{} stride {} exceeds 15 (TIU.md section 4)", axis, w.stride)};
  if (w.dilation > kMaxConvStep)
    return {false, fmt::format("{} dilation {} exceeds 15 (TIU.md section 4)", axis, w.dilation)};
  for (const int64_t pad : {w.pad_before, w.pad_after}) {
    if (pad > kMaxConvStep) return {false, fmt::format("{} padding {} exceeds 15 (TIU.md section 4)", axis, pad)};
    if (pad >= w.reach())
      return {false, fmt::format("{} padding {} reaches past the filter's {} rows", axis, pad, w.reach())};
    if (pad < 0) return {false, fmt::format("{} padding {} is negative", axis, pad)};
  }
  return {};
}

Support supports(const Op& op, DType) {
  if (!op.in(1)->is_constant()) return {false, "the filter is computed at run time"};
  if (op.in(2) != nullptr && !op.in(2)->is_constant()) return {false, "the bias is computed at run time"};
  if (!is_float(op.in(0)->type.dtype)) return {false, fmt::format("the input is {}", to_string(op.in(0)->type.dtype))};
  const auto& a = op.attrs<Conv2d>();
  const Dims& f = op.in(1)->type.dims;
  if (Support s = axis_support({f[2], a.strides[0], a.dilations[0], a.pads[0], a.pads[2]}, "h"); !s.ok) return s;
  return axis_support({f[3], a.strides[1], a.dilations[1], a.pads[1], a.pads[3]}, "w");
}

Views views(const Op& op) {
  const Geometry g = geometry(op);
  return {{row_major(g.in), View{}, View{}}, row_major(g.out)};
}

// A cut of C of a grouped convolution would cut groups.
Axes axes(const Op& op) {
  const Geometry g = geometry(op);
  return {.c = g.groups == 1 || g.depthwise()};
}

struct WindowNeeds {
  WindowNeed h, w;
};
WindowNeeds window_needs(const Geometry& g, const Region& out) {
  return {window_need(g.h, g.in[2], g.out[2], out.begin[2], out.extent[2]),
          window_need(g.w, g.in[3], g.out[3], out.begin[3], out.extent[3])};
}

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const auto [h, w] = window_needs(g, out);
  Need x{Need::Kind::Box, {{out.begin[0], 0, h.begin, w.begin}, {out.extent[0], g.in[1], h.count, w.count}}};
  if (g.depthwise()) {
    x.box.begin[1] = out.begin[1];
    x.box.extent[1] = out.extent[1];
  }
  return {x, Need{}, Need{}};
}

ConvImage image_of(const Geometry& g, const Region& out) {
  return {out.extent[1], g.in_per_group, g.h.kernel * g.w.kernel, g.prec, g.opt_bias != nullptr};
}

Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  Footprint f;
  if (g.depthwise()) {
    f.image_bytes = depthwise_lane_bytes(out.extent[1], g.h.kernel * g.w.kernel, g.opt_bias != nullptr);
    f.image_lanes = std::min(out.extent[1], kLanes);
    if (g.prec != Prec::F32) {
      f.scratch.push_back(aligned_bytes(Prec::F32, needs(op, out)[0].box.extent));
      f.scratch.push_back(aligned_bytes(Prec::F32, out.extent));
    }
    return f;
  }
  const ConvImage im = image_of(g, out);
  f.image_bytes = im.lane_bytes();
  f.image_lanes = im.lanes();
  return f;
}

std::vector<std::byte> pack(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  if (g.depthwise()) return pack_depthwise(out.extent[1], g.h.kernel * g.w.kernel, *g.filter, g.opt_bias, out.begin[1]);
  return pack_conv(image_of(g, out), *g.filter, g.opt_bias, out.begin[1]);
}

ConvArgs conv_args(const Geometry& g, const Region& out) {
  const auto [h, w] = window_needs(g, out);
  ConvArgs c;
  c.kernel_h = g.h.kernel, c.kernel_w = g.w.kernel;
  c.stride_h = g.h.stride, c.stride_w = g.w.stride;
  c.dilation_h = g.h.dilation, c.dilation_w = g.w.dilation;
  c.pad_top = h.pad_before, c.pad_bottom = h.pad_after, c.pad_left = w.pad_before, c.pad_right = w.pad_after;
  return c;
}

void emit_depthwise(const Geometry& g, const TileCtx& t, const LocalTensor& in, const LocalTensor& out,
                    const ConvArgs& args, Emitter& e) {
  const int64_t channels = t.region.extent[1], taps = args.kernel_h * args.kernel_w;
  const int64_t filters_at =
      depthwise_lane_bytes(channels, taps, g.opt_bias != nullptr) - ceil_div(channels, kLanes) * taps * 4;
  const LocalTensor filters =
      compact(t.image + static_cast<uint32_t>(filters_at), Prec::F32, {1, channels, args.kernel_h, args.kernel_w});
  const Arg bias = g.opt_bias != nullptr ? Arg(compact(t.image, Prec::F32, {1, channels, 1, 1})) : Arg::constant(0);
  if (g.prec == Prec::F32) return e.depthwise(out, in, filters, bias, args);
  const LocalTensor wide_in = aligned(t.scratch[0], Prec::F32, in.dims),
                    wide_out = aligned(t.scratch[1], Prec::F32, out.dims);
  e.cast(wide_in, in);
  e.depthwise(wide_out, wide_in, filters, bias, args);
  e.cast(out, wide_out);
}

// One command per group; groups start in other lanes, and wrap into the next channel row like the whole tensor does.
void emit_dense(const Geometry& g, const TileCtx& t, const LocalTensor& in, const LocalTensor& out,
                const ConvArgs& args, Emitter& e) {
  const ConvImage im = image_of(g, t.region);
  const int64_t out_count = g.groups == 1 ? out.dims[1] : g.out_per_group;
  LocalTensor filters =
      compact(t.image + static_cast<uint32_t>(im.bias_bytes()), Prec::I8, {1, im.out_channels, 1, im.filter_bytes()});
  const LocalTensor biases = compact(t.image, Prec::F32, {1, im.out_channels, 1, 1});
  for (int64_t k = 0; k < g.groups; ++k) {
    const LocalTensor x = g.groups == 1 ? in : in.channels(k * g.in_per_group, g.in_per_group);
    const LocalTensor y = g.groups == 1 ? out : out.channels(k * out_count, out_count);
    const LocalTensor f = filters.channels(k * out_count, out_count), b = biases.channels(k * out_count, out_count);
    e.conv(y, x, f.addr, g.opt_bias != nullptr ? Arg(b) : Arg::constant(0), args);
  }
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = geometry(op);
  const ConvArgs args = conv_args(g, t.region);
  const LocalTensor in = t.input(0, needs(op, t.region)[0].box), out = t.output();
  // A part of a larger tensor is aligned batch by batch only.
  const bool by_batch = in.dims[0] > 1 && (!in.is_aligned() || !out.is_aligned() || g.groups > 1);
  for (int64_t n = 0; n < (by_batch ? in.dims[0] : 1); ++n) {
    const int64_t count = by_batch ? 1 : in.dims[0];
    const LocalTensor x = in.at(n, 0, 0, 0, {count, in.dims[1], in.dims[2], in.dims[3]});
    const LocalTensor y = out.at(n, 0, 0, 0, {count, out.dims[1], out.dims[2], out.dims[3]});
    if (g.depthwise())
      emit_depthwise(g, t, x, y, args, e);
    else
      emit_dense(g, t, x, y, args, e);
  }
  apply_activation(op.attrs<Conv2d>().activation, out, e);
}

}  // namespace

std::span<const Kernel> conv_kernels() {
  static const Kernel kTable[] = {{.op = Conv2d::kName,
                                   .supports = supports,
                                   .views = views,
                                   .axes = axes,
                                   .needs = needs,
                                   .footprint = footprint,
                                   .pack = pack,
                                   .emit = emit,
                                   .emit_ddr = nullptr,
                                   .view_of = nullptr,
                                   .parts_of = nullptr}};
  return kTable;
}

}  // namespace tpuc::bm1684x
