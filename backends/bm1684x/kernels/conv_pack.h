// The constant image of a convolution: bias rows, then filters in the order the convolution array reads them, for the
// lanes that hold output channels. One image is one DMA transfer.   source: TIU.md section 4, COOKBOOK.md section 1
#pragma once

#include <cstddef>
#include <vector>

#include "backends/bm1684x/isa/tiu_common.h"
#include "tpuc/ir/tensor.h"

namespace tpuc::bm1684x {

// Channel o lies in lane o % 64, row o / 64. In a lane: bias [rows] f32, padded to 64 bytes; then per row the filter
// [ceil(ic / q)][kh * kw][q] with q = 32 for halves and 1 for f32.
struct ConvImage {
  int64_t out_channels = 1, in_channels = 1, taps = 1;  // taps: kh * kw
  Prec prec = Prec::F32;
  bool has_bias = false;

  int64_t rows() const;
  int64_t lanes() const;
  int64_t block() const;         // q, input channels
  int64_t filter_bytes() const;  // of one output channel
  int64_t bias_bytes() const;    // of one lane, padding included
  int64_t lane_bytes() const;
};

// `filter`: [O, ic, kh, kw] in any float type; `opt_bias`: [O]. Takes output channels [first, first +
// image.out_channels).
std::vector<std::byte> pack_conv(const ConvImage& image, const Tensor& filter, const Tensor* opt_bias, int64_t first);

// Depthwise: bias rows, then per row kh * kw values in f32, not blocked.   source: TIU.md section 5
std::vector<std::byte> pack_depthwise(int64_t channels, int64_t taps, const Tensor& filter, const Tensor* opt_bias,
                                      int64_t first);
int64_t depthwise_lane_bytes(int64_t channels, int64_t taps, bool has_bias);

// Reads element i of a float tensor.
float float_at(const Tensor& t, int64_t i);

}  // namespace tpuc::bm1684x
