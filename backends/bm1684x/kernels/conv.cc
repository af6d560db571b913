// conv2d and conv_transpose2d on the convolution array (dense, grouped) and on the depthwise unit.
// f32: terms in order (ic, kh, kw) in two alternating accumulators; halves: f32 accumulation, one rounding at the end.
// Input channels may be cut: the parts add up in f32, for halves in the same order as uncut. Depthwise halves are
// widened in local memory: the unit rounds at every step. Bytes: exact int32 sums, then requantized by channel.
//   source: TIU.md sections 4, 5 and 6, COOKBOOK.md section 1
#include "ops/conv.h"

#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/conv_filter.h"
#include "backends/bm1684x/kernels/conv_tile.h"
#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

namespace {

using ops::Conv2d;
using ops::ConvTranspose2d;

Views views(const Op& op) {
  const ConvGeometry g = conv_geometry(op);
  Views v{std::vector<View>(op.in().size()), row_major(g.out)};
  v.in[0] = row_major(g.in);
  if (g.folds_here) {
    v.in[0] = row_major(g.unfolded_in());
  } else if (g.folded.count > 0) {
    const Dims x = row_major_strides(op.in(0)->type.dims);
    v.in[0] = {g.in, {x[0], x[1], x[2], x[3]}, g.folded};
  }
  if (g.opt_filter == nullptr) v.in[1] = row_major({1, g.out[1], 1, g.in_per_group * g.taps()});
  if (g.has_bias && g.opt_bias == nullptr) v.in[2] = {{1, g.out[1], 1, 1}, {g.out[1], 1, 1, 1}};
  return v;
}

// A cut of C of a grouped convolution would cut groups.
Axes axes(const Op& op) {
  const ConvGeometry g = conv_geometry(op);
  return {.c = g.groups == 1 || g.is_depthwise(), .depth = g.groups == 1 ? g.in_per_group : 0};
}

std::vector<Need> needs(const Op& op, const Region& out) {
  const ConvTile t = conv_tile(op, out);
  std::vector<Need> n(op.in().size());
  n[0] = {Need::Kind::Box, t.input_box()};
  if (t.g.opt_filter == nullptr) n[1] = {Need::Kind::Box, t.filter_box()};
  if (t.copies_bias()) n[2] = {Need::Kind::Box, {{0, out.begin[1], 0, 0}, {1, out.extent[1], 1, 1}}};
  return n;
}

Footprint footprint(const Op& op, const Region& out) {
  const ConvTile t = conv_tile(op, out);
  Footprint f;
  f.scratch = conv_scratch(t).bytes;
  f.image_bytes = t.g.is_depthwise() ? t.depthwise_image().lane_bytes() : t.image().lane_bytes();
  f.image_lanes = t.g.is_depthwise() ? t.depthwise_image().lanes() : t.image().lanes();
  return f;
}

std::vector<std::byte> pack(const Op& op, const Region& out) {
  const ConvTile t = conv_tile(op, out);
  const ConvGeometry& g = t.g;
  FilterSource source;
  source.filter = g.opt_filter, source.opt_bias = g.opt_bias, source.opt_rq = g.opt_rq;
  source.in_per_group = g.in_per_group / g.merged, source.out_per_group = g.out_per_group / g.merged;
  source.merged = g.merged;
  source.is_oihw = g.filter_is_oihw;
  source.folded_rows = g.folded.count;
  source.first_out = out.begin[1], source.first_in = t.depth.begin;
  return g.is_depthwise() ? pack_depthwise(t.depthwise_image(), source) : pack_conv(t.image(), source);
}

// Filters and biases of a tile where the commands read them.
struct Constants {
  LocalTensor filters;  // depthwise: f32 or bytes [1,C,kh,kw] compact; else channel rows of the layout
  Arg bias = Arg::constant(0);
};

LocalTensor filters_at(const ConvTile& t, uint32_t addr) {
  if (t.g.is_depthwise()) return compact(addr, t.filter_prec(), {1, t.out.extent[1], t.g.h.kernel, t.g.w.kernel});
  return compact(addr, t.g.prec, {1, t.out.extent[1], 1, t.filters().row_stride()});
}

LocalTensor run_time_filters(const ConvTile& t, const TileCtx& ctx, const ConvScratch& s, Emitter& e) {
  const LocalTensor loaded = ctx.input(1, t.filter_box());
  if (s.filter < 0) return filters_at(t, loaded.addr);
  const uint32_t at = ctx.scratch[static_cast<size_t>(s.filter)];
  if (t.g.is_depthwise())
    e.unary(t.g.prec == t.filter_prec() ? ArOp::Copy : ArOp::Cast, compact(at, t.filter_prec(), loaded.dims), loaded);
  else
    pack_filter_at_run_time(t.filters(), at, loaded, e);
  return filters_at(t, at);
}

Constants constants(const ConvTile& t, const TileCtx& ctx, const ConvScratch& s, Emitter& e) {
  const ChannelParameters p = t.parameters();
  Constants c;
  c.filters = t.g.opt_filter != nullptr ? filters_at(t, ctx.image + static_cast<uint32_t>(p.lane_bytes()))
                                        : run_time_filters(t, ctx, s, e);
  const Shape4 bias_dims{1, t.out.extent[1], 1, 1};
  if (t.copies_bias()) {
    const LocalTensor bias = compact(ctx.scratch[static_cast<size_t>(s.bias)], t.g.sum_prec(), bias_dims);
    const LocalTensor loaded = ctx.input(2, {{0, t.out.begin[1], 0, 0}, bias_dims});
    e.unary(loaded.prec == bias.prec ? ArOp::Copy : ArOp::Cast, bias, loaded);
    c.bias = bias;
  } else if (p.has_bias) {
    c.bias = compact(ctx.image, t.g.sum_prec(), bias_dims);
  }
  return c;
}

// Channel k * C + c of the image holds, for each row of the result, the row of channel c that row k of the filter sees.
LocalTensor folded_image(const ConvTile& t, const TileCtx& ctx, const ConvScratch& s, Emitter& e) {
  const FoldedRows& f = t.g.folded;
  const Region box = t.input_box();
  const LocalTensor in = ctx.input(0, box);
  const LocalTensor image = aligned(ctx.scratch[static_cast<size_t>(s.image)], in.prec, t.image_dims());
  const Shape4 dims = t.shifted_dims();
  const int64_t first = t.out.begin[2];
  for (int64_t k = 0; k < f.count; ++k) {
    const LocalTensor lanes = image.channels(k * dims[1], dims[1]);
    // Lanes other than the input's are reached by copies of aligned tensors.
    const LocalTensor rows = k == 0 ? lanes : aligned(ctx.scratch[static_cast<size_t>(s.shifted)], in.prec, dims);
    const auto [begin, end] = f.rows_inside(k, first, dims[2]);
    if (begin > 0 || end < dims[2]) e.fill(rows, f.fill);
    if (begin < end) {
      const Shape4 inside{dims[0], dims[1], end - begin, dims[3]};
      const int64_t from = f.row_of(k, first + begin) - box.begin[2];
      LocalTensor seen = in.at(0, 0, from, 0, {dims[0], dims[1], (end - begin - 1) * f.stride + 1, dims[3]});
      seen.dims[2] = inside[2];
      seen.strides[2] *= f.stride;
      e.copy(rows.at(0, 0, begin, 0, inside), seen);
    }
    if (k > 0) e.copy_to_lanes(lanes, rows);
  }
  return image;
}

// The input as the commands want it: with rows of padding that no command makes, and wide enough.
LocalTensor image_of(const ConvTile& t, const TileCtx& ctx, const ConvScratch& s, Emitter& e) {
  if (t.g.folds_here) return folded_image(t, ctx, s, e);
  const LocalTensor in = ctx.input(0, t.input_box());
  if (s.image < 0) return in;
  const LocalTensor image = aligned(ctx.scratch[static_cast<size_t>(s.image)], t.image_prec(), t.image_dims());
  if (t.is_padded()) e.fill(image, t.args().pad_bits);
  if (t.is_empty()) return image;
  e.unary(image.prec == in.prec ? ArOp::Copy : ArOp::Cast, image.at(0, 0, t.h.extra_before, t.w.extra_before, in.dims),
          in);
  return image;
}

// Row `first` on of the biases or filters that belong to output channels [first, first + count).
Arg bias_of(const Arg& bias, int64_t first, int64_t count) {
  return bias.is_constant ? bias : Arg(bias.tensor.channels(first, count));
}

// All taps in one command; or one command a tap, each reading the image at steps of its own.
void convolve(const ConvTile& t, const LocalTensor& out, const LocalTensor& in, const Constants& k, Emitter& e) {
  const LocalTensor& filters = k.filters;
  ConvArgs args = t.args();
  args.accumulate = !t.starts();
  if (!t.g.is_by_tap()) return e.conv(out, in, filters.addr, t.starts() ? k.bias : Arg::constant(0), args);
  const ConvGeometry& g = t.g;
  for (int64_t tap = 0; tap < g.taps(); ++tap) {
    const int64_t r = tap / g.w.kernel, c = tap % g.w.kernel;
    LocalTensor x = in.at(0, 0, r * g.h.dilation, c * g.w.dilation, {in.dims[0], in.dims[1], out.dims[2], out.dims[3]});
    x.strides[2] *= g.h.stride;
    x.strides[3] *= g.w.stride;
    const int64_t from = (g.is_transposed ? g.taps() - 1 - tap : tap) * t.filters().tap_stride();
    args.accumulate = tap > 0 || !t.starts();
    e.conv(out, x, filters.addr + static_cast<uint32_t>(from * filters.elem_bytes()),
           args.accumulate ? Arg::constant(0) : k.bias, args);
  }
}

// One command per group; groups start in other lanes, and wrap into the next channel row like the whole tensor does.
void emit_groups(const ConvTile& t, const LocalTensor& out, const LocalTensor& in, const Constants& k, Emitter& e) {
  const ConvGeometry& g = t.g;
  if (g.groups == 1) return convolve(t, out, in, k, e);
  for (int64_t i = 0; i < g.groups; ++i) {
    const int64_t first = i * g.out_per_group;
    const Constants own{k.filters.channels(first, g.out_per_group), bias_of(k.bias, first, g.out_per_group)};
    convolve(t, out.channels(first, g.out_per_group), in.channels(i * g.in_per_group, g.in_per_group), own, e);
  }
}

// Windows farther apart than a command can step.
void emit_windows(const ConvTile& t, const TileCtx& ctx, const ConvScratch& s, const LocalTensor& out,
                  const LocalTensor& in, const Constants& k, Emitter& e) {
  const Shape4 dims = t.window_dims(), one{dims[0], dims[1], 1, 1};
  const LocalTensor window = aligned(ctx.scratch[static_cast<size_t>(s.window)], in.prec, dims),
                    sum = aligned(ctx.scratch[static_cast<size_t>(s.sum)], t.g.sum_prec(), one);
  for (int64_t p = 0; p < out.dims[2]; ++p)
    for (int64_t q = 0; q < out.dims[3]; ++q) {
      e.copy(window, in.at(0, 0, p * t.g.h.stride, q * t.g.w.stride, dims));
      e.depthwise(sum, window, k.filters, k.bias, t.args());
      e.copy(out.at(0, 0, p, q, one), sum);
    }
}

void emit_batches(const ConvTile& t, const LocalTensor& out, const LocalTensor& in, const Constants& k, Emitter& e) {
  // A part of a larger tensor is aligned batch by batch only.
  const bool is_whole =
      in.is_aligned() && out.is_aligned() && !t.g.is_by_tap() && (t.g.groups == 1 || t.g.is_depthwise());
  const int64_t step = is_whole ? out.dims[0] : 1;
  for (int64_t n = 0; n < out.dims[0]; n += step) {
    const LocalTensor x = in.at(n, 0, 0, 0, {step, in.dims[1], in.dims[2], in.dims[3]});
    const LocalTensor y = out.at(n, 0, 0, 0, {step, out.dims[1], out.dims[2], out.dims[3]});
    if (t.g.is_depthwise())
      e.depthwise(y, x, k.filters, k.bias, t.args());
    else
      emit_groups(t, y, x, k, e);
  }
}

// Windows that see zeros only.
void emit_bias_alone(const ConvTile& t, const LocalTensor& out, const Constants& k, Emitter& e) {
  if (!t.starts()) return;
  if (k.bias.is_constant) return e.fill(out, 0);
  e.unary(out.prec == k.bias.tensor.prec ? ArOp::Copy : ArOp::Cast, out, k.bias);
}

ops::Activation activation_of(const Op& op) {
  return op.is<Conv2d>() ? op.attrs<Conv2d>().activation : op.attrs<ConvTranspose2d>().activation;
}

// The sums of a tile are complete.
void finish(const Op& op, const ConvTile& t, const TileCtx& ctx, const ConvScratch& s, const LocalTensor& sums,
            Emitter& e) {
  const LocalTensor out = ctx.output();
  if (t.g.opt_rq != nullptr) {
    const uint32_t scratch = s.rq < 0 ? 0 : ctx.scratch[static_cast<size_t>(s.rq)];
    e.requantize(out, sums, requantization_rows(t.parameters(), ctx.image, scratch, e), {.out_signed = t.g.out_signed});
  } else if (sums.prec != out.prec) {
    e.cast(out, sums);
  }
  apply_activation(activation_of(op), out, e);
}

void emit(const Op& op, const TileCtx& ctx, Emitter& e) {
  const ConvTile t = conv_tile(op, ctx.region);
  const ConvScratch s = conv_scratch(t);
  const LocalTensor out = ctx.output();
  const LocalTensor sums =
      s.sums < 0 ? out : aligned(ctx.scratch[static_cast<size_t>(s.sums)], t.g.sum_prec(), out.dims);
  const Constants k = constants(t, ctx, s, e);
  if (t.sees_nothing()) {
    emit_bias_alone(t, sums, k, e);
  } else {
    const LocalTensor image = image_of(t, ctx, s, e);
    t.g.is_by_window() ? emit_windows(t, ctx, s, sums, image, k, e) : emit_batches(t, sums, image, k, e);
  }
  if (t.ends()) finish(op, t, ctx, s, sums, e);
}

constexpr Kernel kernel(std::string_view op) {
  return {.op = op,
          .supports = conv_supports,
          .views = views,
          .axes = axes,
          .needs = needs,
          .footprint = footprint,
          .pack = pack,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> conv_kernels() {
  static const Kernel kTable[] = {kernel(Conv2d::kName), kernel(ConvTranspose2d::kName)};
  return kTable;
}

}  // namespace tpuc::bm1684x
