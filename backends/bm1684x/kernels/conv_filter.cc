// AR copies of strided views, with the input channels of one block side by side.   source: COOKBOOK.md section 1,
// "Run-time filter": with the taps innermost the same data takes four times as long
#include "backends/bm1684x/kernels/conv_filter.h"

#include <algorithm>

namespace tpuc::bm1684x {

namespace {

// Channels [first, first + blocks * width) in blocks of `width`. The views are [blocks, O, taps, width].
void move_blocks(const FilterLayout& f, uint32_t out, const LocalTensor& in, int64_t first, int64_t blocks,
                 int64_t width, Emitter& e) {
  const Shape4 dims{blocks, f.out_channels, f.taps, width};
  LocalTensor from = in.as(f.prec == Prec::I8 ? Prec::I8 : Prec::I16), to = from;
  from.dims = to.dims = dims;
  from.addr += static_cast<uint32_t>(first * f.taps * from.elem_bytes());
  from.strides = {width * f.taps, in.strides[1], 1, f.taps};
  to.addr = out + static_cast<uint32_t>(f.at(0, first, 0) * to.elem_bytes());
  to.strides = {f.block_stride(), f.row_stride(), f.tap_stride(), 1};
  e.copy(to, from);
}

// f32 has no blocks: [1, O, ic, taps].
void move_words(const FilterLayout& f, uint32_t out, const LocalTensor& in, Emitter& e) {
  LocalTensor from = in, to = in;
  from.dims = to.dims = {1, f.out_channels, f.in_channels, f.taps};
  from.strides = {0, in.strides[1], f.taps, 1};
  to.addr = out;
  to.strides = {0, f.row_stride(), f.block_stride(), f.tap_stride()};
  e.copy(to, from);
}

}  // namespace

void pack_filter_at_run_time(const FilterLayout& f, uint32_t out, const LocalTensor& in, Emitter& e) {
  if (f.prec == Prec::F32) return move_words(f, out, in, e);
  const int64_t q = f.block(), blocks = f.in_channels / q, rest = f.in_channels % q;
  if (blocks > 0) move_blocks(f, out, in, 0, blocks, q, e);
  if (rest > 0) move_blocks(f, out, in, blocks * q, 1, rest, e);
}

uint32_t requantization_rows(const ChannelParameters& p, uint32_t image, uint32_t scratch, Emitter& e) {
  const auto pairs = image + static_cast<uint32_t>(p.bias_bytes());
  if (p.spread_bytes() == 0) return pairs;
  const Shape4 dims{1, p.channels, 1, 2};
  e.copy(aligned(scratch, Prec::F32, dims), compact(pairs, Prec::F32, dims));
  return scratch;
}

}  // namespace tpuc::bm1684x
