// What conv2d and conv_transpose2d have in common for the chip: both are a window sliding over an image, a transposed
// one over an image with zeros between its pixels and with the filter turned by 180 degrees.   source: TIU.md section 4
#pragma once

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernel.h"
#include "tpuc/ir/tensor.h"

namespace tpuc::bm1684x {

// One axis. Pixels of the input lie `spread` apart in the image; the window of output o begins at image position
// o * stride - pad_before, which may be negative on either side (`pad_before` < 0: cut off).
struct ConvAxis {
  int64_t kernel = 1, dilation = 1, stride = 1, spread = 1, pad_before = 0;
  int64_t in = 1, out = 1;  // extents
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

// Input [begin, begin + count) for some outputs, and the image's zeros before and behind it.
struct AxisNeed {
  int64_t begin = 0, count = 1, pad_before = 0, pad_after = 0;
  bool is_empty = false;  // the windows see zeros only; one input row is named all the same
  // Zeros beyond what a command's field holds become this many zero input rows.
  int64_t extra_before = 0, extra_after = 0;
  int64_t rows() const { return count + extra_before + extra_after; }
};
// `most_pad`: the longest run of zeros that need not become input rows.
AxisNeed axis_need(const ConvAxis& axis, int64_t out_begin, int64_t out_count, int64_t most_pad);

struct ConvGeometry {
  bool is_transposed = false;
  int64_t groups = 1, in_per_group = 1, out_per_group = 1;
  int64_t merged = 1;  // groups of the operator that make one here, with filters of zeros between them
  ConvAxis h, w;
  Shape4 in{}, out{};
  Prec prec = Prec::F32;
  const Tensor *opt_filter = nullptr, *opt_bias = nullptr;  // constants
  bool has_bias = false, filter_is_oihw = true;
  // 8-bit integers: sums in int32, which with opt_rq (constant) become 8-bit.
  bool is_integer = false, in_signed = true, out_signed = true;
  int64_t pad_value = 0;    // of positions between and around pixels
  int64_t filter_zero = 0;  // subtracted from filters
  const Tensor* opt_rq = nullptr;

  // Rows of the filter taken as channels, where few channels would leave the array empty; all else here is meant after
  // that: h is one row, `in` the folded view.
  FoldedRows folded{};
  bool folds_here = false;  // the kernel folds rows that are in local memory; otherwise the loads do
  ConvAxis unfolded_h{};    // `h` before

  Shape4 unfolded_in() const { return {in[0], in[1] / folded.count, folded.rows, in[3]}; }
  int64_t taps() const { return h.kernel * w.kernel; }
  Prec sum_prec() const { return is_integer ? Prec::I32 : Prec::F32; }
  bool is_by_channel() const { return groups > 1 && in_per_group == 1 && out_per_group == 1; }
  // Strides that no command has, of channels on their own (large pools): each window is cut out and computed alone.
  bool is_by_window() const { return is_by_channel() && has_long_strides() && !has_long_dilations(); }
  // Strides and dilations that no command has: one command for each tap.
  bool is_by_tap() const { return (has_long_strides() || has_long_dilations()) && !is_by_window(); }
  bool is_depthwise() const { return is_by_channel() && !is_by_tap(); }

 private:
  bool has_long_strides() const;
  bool has_long_dilations() const;
};
ConvGeometry conv_geometry(const Op& op);

Support conv_supports(const Op& op, DType precision);

}  // namespace tpuc::bm1684x
