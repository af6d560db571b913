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
  bool is_empty() const { return h.is_empty || w.is_empty; }  // all windows see zeros: the result is the bias
  bool is_padded() const { return h.rows() != h.count || w.rows() != w.count; }
  Region input_box() const;
  Region filter_box() const;  // of a run-time filter seen as [1, O, 1, in_per_group * taps]
  Shape4 image_dims() const;  // the input with its zero rows

  // Copies in scratch, and why.
  Prec image_prec() const { return g.is_depthwise() ? Prec::F32 : g.prec; }
  bool copies_image() const { return !is_empty() && (is_padded() || image_prec() != g.prec); }
  bool sums_apart() const;    // f32 sums of a half result that one command does not finish
  bool packs_filter() const;  // a run-time filter that is not as the array reads it
  bool copies_bias() const { return g.has_bias && g.opt_bias == nullptr; }

  FilterLayout filters() const;
  ConvImage image() const;
  DepthwiseImage depthwise_image() const;
  ConvArgs args() const;
};
ConvTile conv_tile(const Op& op, const Region& out);

// Scratch buffers of a tile: sizes in the order of Footprint::scratch, and which is which (-1: not there).
struct ConvScratch {
  std::vector<int64_t> bytes;
  int image = -1, sums = -1, filter = -1, bias = -1;
};
ConvScratch conv_scratch(const ConvTile& tile);

}  // namespace tpuc::bm1684x
