// Everything that follows from a convolution and one tile of its result: input box, filters, scratch buffers. Pure.
#pragma once

#include "backends/bm1684x/kernels/conv_geometry.h"
#include "backends/bm1684x/kernels/conv_pack.h"

namespace tpuc::bm1684x {

struct ConvTile {
  ConvGeometry g;
  Region out;
  Depth depth;  // input channels of a group, never 0 long
  AxisNeed h, w;

  bool starts() const { return depth.begin == 0; }
  bool ends() const { return depth.begin + depth.extent == g.in_per_group; }
  bool is_empty() const { return h.is_empty || w.is_empty; }            // no window sees a pixel of the input
  bool sees_nothing() const { return is_empty() && g.pad_value == 0; }  // the result is the bias
  // The copy of the input has pixels that the input has not.
  bool is_padded() const { return is_empty() || h.rows() != h.count || w.rows() != w.count; }
  Region input_box() const;
  Region filter_box() const;    // of a run-time filter seen as [1, O, 1, in_per_group * taps]
  Shape4 shifted_dims() const;  // rows of the input for one row of the filter
  Shape4 image_dims() const;    // the input with its rows of padding; without input: all that the windows see

  Shape4 window_dims() const;  // what one window sees in all channels

  // Copies in scratch, and why.
  Prec image_prec() const { return g.is_depthwise() && !g.is_integer ? Prec::F32 : g.prec; }
  bool copies_image() const { return !sees_nothing() && (g.folds_here || is_padded() || image_prec() != g.prec); }
  bool sums_apart() const;    // sums that are wider than the result, which one command does not finish
  bool packs_filter() const;  // a run-time filter that is not as the array reads it
  bool copies_bias() const { return g.has_bias && g.opt_bias == nullptr; }

  Prec filter_prec() const { return image_prec(); }
  FilterLayout filters() const;
  ConvImage image() const;
  DepthwiseImage depthwise_image() const;
  ChannelParameters parameters() const;  // of either
  ConvArgs args() const;
};
ConvTile conv_tile(const Op& op, const Region& out);

// Scratch buffers of a tile: sizes in the order of Footprint::scratch, and which is which (-1: not there).
struct ConvScratch {
  std::vector<int64_t> bytes;
  int image = -1, shifted = -1, sums = -1, filter = -1, bias = -1, rq = -1;
  int window = -1, sum = -1;  // one window cut out, and what it gives
};
ConvScratch conv_scratch(const ConvTile& tile);

}  // namespace tpuc::bm1684x
