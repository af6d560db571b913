// The constant image of a convolution: parameters of the channels, then filters in the order the convolution array
// reads them, for the lanes that hold output channels. One image is one DMA transfer.   source: TIU.md section 4,
// COOKBOOK.md section 1
#pragma once

#include <cstddef>
#include <vector>

#include "backends/bm1684x/isa/tiu_common.h"
#include "tpuc/ir/tensor.h"

namespace tpuc::bm1684x {

// Where the elements of packed filters lie. Output channel o lies in lane o % 64, row o / 64; a row is
// [ceil(ic / q)][taps][q] with q = 64 for bytes, 32 for halves and 1 for f32. By tap: each tap is a 1x1 filter of its
// own, all its rows together: [taps][rows][ceil(ic / q)][q]. Strides are elements of a lane.
struct FilterLayout {
  int64_t out_channels = 1, in_channels = 1, taps = 1;  // taps: kh * kw
  Prec prec = Prec::F32;
  bool by_tap = false;

  int64_t rows() const;
  int64_t block() const;  // q, input channels
  int64_t row_stride() const;
  int64_t tap_stride() const;
  int64_t block_stride() const;
  int64_t lane_bytes() const;
  int64_t at(int64_t row, int64_t in, int64_t tap) const {
    return row * row_stride() + in / block() * block_stride() + tap * tap_stride() + in % block();
  }
};

// What stands before the filters in each lane: bias [rows] in f32 or int32, padded to 64 bytes; then for integers scale
// and offset of each channel [rows][2], padded to 64 bytes. The command that reads these wants rows of 64 bytes:
// several rows are spread out in local memory, so that no padding is loaded.   source: TIU.md section 6
struct ChannelParameters {
  int64_t channels = 1;
  bool has_bias = false, has_rq = false;

  int64_t rows() const;
  int64_t bias_bytes() const;  // padding included; the requantization follows
  int64_t lane_bytes() const;
  int64_t spread_bytes() const;  // of the scratch for the requantization's rows; 0: they are used as they are
};

// In a lane: the parameters, then the filters, unless they come at run time.
struct ConvImage {
  FilterLayout filters;
  bool has_bias = false, has_filters = true, has_rq = false;

  ChannelParameters parameters() const { return {filters.out_channels, has_bias, has_rq}; }
  int64_t lanes() const;
  int64_t lane_bytes() const;
};

// Where the constants of an image come from. `filter` in any float type or in bytes: [O, in_per_group, taps], or,
// unless `is_oihw`, [groups * in_per_group, out_per_group, taps]; `opt_bias`: [O]; `opt_rq`: [2,O] or [2,1].
struct FilterSource {
  const Tensor* filter = nullptr;
  const Tensor *opt_bias = nullptr, *opt_rq = nullptr;
  int64_t in_per_group = 1, out_per_group = 1;
  bool is_oihw = true;
  int64_t folded_rows = 0;              // of the filter, taken as channels: channel k * C + c is row k of channel c
  int64_t merged = 1;                   // groups side by side in one of the image, with zeros between them
  int64_t first_out = 0, first_in = 0;  // what the image's channels 0 are

  int64_t at(int64_t out, int64_t in, int64_t tap, int64_t taps) const;  // element of `filter`
  // Channel of its own group that input channel `in` of merged groups is for output channel `out`; or one outside.
  int64_t own_input(int64_t out, int64_t in) const { return in - out / out_per_group % merged * in_per_group; }
};
std::vector<std::byte> pack_conv(const ConvImage& image, const FilterSource& source);

// Depthwise: the parameters, then per row kh * kw values in f32 or bytes, not blocked.   source: TIU.md section 5
struct DepthwiseImage {
  int64_t channels = 1, taps = 1;
  Prec prec = Prec::F32;
  bool has_bias = false, has_filters = true, has_rq = false;

  ChannelParameters parameters() const { return {channels, has_bias, has_rq}; }
  int64_t lanes() const;
  int64_t lane_bytes() const;
};
std::vector<std::byte> pack_depthwise(const DepthwiseImage& image, const FilterSource& source);

// Reads element i of a float tensor.
float float_at(const Tensor& t, int64_t i);

}  // namespace tpuc::bm1684x
