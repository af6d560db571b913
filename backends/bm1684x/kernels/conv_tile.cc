// See the header.
#include "backends/bm1684x/kernels/conv_tile.h"

#include <algorithm>

namespace tpuc::bm1684x {

ConvTile conv_tile(const Op& op, const Region& out) {
  ConvTile t;
  t.g = conv_geometry(op);
  t.out = {out.begin, out.extent};
  t.depth = out.depth.extent > 0 ? out.depth : Depth{0, t.g.in_per_group};
  const int64_t most_pad = t.g.is_by_tap() || t.g.is_by_window() ? 0 : kMaxConvStep;
  t.h = axis_need(t.g.h, out.begin[2], out.extent[2], most_pad);
  t.w = axis_need(t.g.w, out.begin[3], out.extent[3], most_pad);
  return t;
}

Region ConvTile::input_box() const {
  Region box{{out.begin[0], depth.begin, h.begin, w.begin}, {out.extent[0], depth.extent, h.count, w.count}};
  if (g.groups > 1) {
    box.begin[1] = g.is_depthwise() ? out.begin[1] : 0;
    box.extent[1] = g.is_depthwise() ? out.extent[1] : g.in[1];
  }
  if (g.folds_here) {
    const AxisNeed rows = axis_need(g.unfolded_h, out.begin[2], out.extent[2], g.unfolded_h.reach());
    box.extent[1] = g.unfolded_in()[1];
    box.begin[2] = rows.begin, box.extent[2] = rows.count;
  }
  return box;
}

Region ConvTile::filter_box() const {
  return {{0, out.begin[1], 0, depth.begin * g.taps()}, {1, out.extent[1], 1, depth.extent * g.taps()}};
}

Shape4 ConvTile::image_dims() const {
  const Region box = input_box();
  if (g.folds_here) return {box.extent[0], depth.extent, out.extent[2], box.extent[3]};
  if (!is_empty()) return {box.extent[0], box.extent[1], h.rows(), w.rows()};
  const auto seen = [](const ConvAxis& axis, int64_t count) { return (count - 1) * axis.stride + axis.reach(); };
  return {box.extent[0], box.extent[1], seen(g.h, out.extent[2]), seen(g.w, out.extent[3])};
}

Shape4 ConvTile::shifted_dims() const {
  const Shape4 image = image_dims();
  return {image[0], g.unfolded_in()[1], image[2], image[3]};
}

Shape4 ConvTile::window_dims() const { return {out.extent[0], out.extent[1], g.h.reach(), g.w.reach()}; }

bool ConvTile::sums_apart() const {
  if (g.is_integer) return g.opt_rq != nullptr;
  const bool in_parts = depth.extent < g.in_per_group || (g.is_by_tap() && g.taps() > 1);
  return g.prec != Prec::F32 && (g.is_depthwise() || in_parts);
}

// f32 filters are as the array reads them when rows of 64 channels follow each other without a gap.
bool ConvTile::packs_filter() const {
  if (g.opt_filter != nullptr) return false;
  const bool has_gaps = out.extent[1] > kLanes && depth.extent * g.taps() * 4 % kEuBytes != 0;
  return g.prec != Prec::F32 || g.is_by_tap() || g.is_depthwise() || has_gaps;
}

FilterLayout ConvTile::filters() const { return {out.extent[1], depth.extent, g.taps(), g.prec, g.is_by_tap()}; }

ConvImage ConvTile::image() const {
  return {filters(), g.opt_bias != nullptr && starts(), g.opt_filter != nullptr, g.opt_rq != nullptr && ends()};
}

DepthwiseImage ConvTile::depthwise_image() const {
  return {out.extent[1], g.taps(), filter_prec(), g.opt_bias != nullptr, g.opt_filter != nullptr, g.opt_rq != nullptr};
}

ChannelParameters ConvTile::parameters() const {
  return g.is_depthwise() ? depthwise_image().parameters() : image().parameters();
}

ConvArgs ConvTile::args() const {
  ConvArgs c;
  c.in_signed = g.in_signed;
  c.pad_bits = static_cast<uint32_t>(g.pad_value) & 0xff;
  c.filter_zero = g.filter_zero;
  if (g.is_by_tap()) return c;
  c.kernel_h = g.h.kernel, c.kernel_w = g.w.kernel;
  if (!g.is_by_window()) c.stride_h = g.h.stride, c.stride_w = g.w.stride;
  c.dilation_h = g.h.dilation, c.dilation_w = g.w.dilation;
  c.rotate = g.is_transposed;
  if (is_empty()) return c;
  c.insert_h = g.h.spread - 1, c.insert_w = g.w.spread - 1;
  c.pad_top = h.pad_before, c.pad_bottom = h.pad_after, c.pad_left = w.pad_before, c.pad_right = w.pad_after;
  return c;
}

ConvScratch conv_scratch(const ConvTile& t) {
  ConvScratch s;
  const auto add = [&](bool wanted, int64_t bytes) {
    if (!wanted) return -1;
    s.bytes.push_back(bytes);
    return static_cast<int>(s.bytes.size()) - 1;
  };
  const int64_t rows = ceil_div(t.out.extent[1], kLanes);
  s.image = add(t.copies_image(), aligned_bytes(t.image_prec(), t.image_dims()));
  s.shifted = add(t.g.folds_here, t.g.folds_here ? aligned_bytes(t.g.prec, t.shifted_dims()) : 0);
  s.sums = add(t.sums_apart(), aligned_bytes(t.g.sum_prec(), t.out.extent));
  s.filter = add(t.packs_filter(),
                 t.g.is_depthwise() ? rows * t.g.taps() * size_of(t.filter_prec()) : t.filters().lane_bytes());
  s.bias = add(t.copies_bias(), rows * 4);
  const ChannelParameters all{t.out.extent[1], false, t.g.opt_rq != nullptr};  // the same in all parts of a sum
  s.rq = add(all.spread_bytes() > 0, all.spread_bytes());
  s.window = add(t.g.is_by_window(), aligned_bytes(t.image_prec(), t.window_dims()));
  s.sum = add(t.g.is_by_window(), aligned_bytes(t.g.sum_prec(), {t.out.extent[0], t.out.extent[1], 1, 1}));
  return s;
}

}  // namespace tpuc::bm1684x
