// Window arithmetic shared by convolutions and pools: which input rows a range of output rows needs, and the padding
// left.
#pragma once

#include <cstdint>

#include "backends/bm1684x/local_tensor.h"

namespace tpuc::bm1684x {

// One axis of a window. All in elements.
struct Window {
  int64_t kernel = 1, stride = 1, dilation = 1, pad_before = 0, pad_after = 0;
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

// Input [begin, begin + count) for output [out_begin, out_begin + out_count), with the padding on both sides of it.
struct WindowNeed {
  int64_t begin = 0, count = 1, pad_before = 0, pad_after = 0;
};
// `in_size`, `out_size`: whole extents. Where the range ends with the output, rows behind the last window are included:
// the chip skips them, and a whole input stays a whole input.
WindowNeed window_need(const Window& w, int64_t in_size, int64_t out_size, int64_t out_begin, int64_t out_count);

}  // namespace tpuc::bm1684x
