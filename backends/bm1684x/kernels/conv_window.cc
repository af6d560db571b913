// See the header; pads are smaller than the reach of the window, so every window touches the input.
#include "backends/bm1684x/kernels/conv_window.h"

#include <algorithm>

namespace tpuc::bm1684x {

WindowNeed window_need(const Window& w, int64_t in_size, int64_t out_size, int64_t out_begin, int64_t out_count) {
  const int64_t first = out_begin * w.stride - w.pad_before;
  const int64_t last = (out_begin + out_count - 1) * w.stride - w.pad_before + w.reach() - 1;
  WindowNeed need;
  need.begin = std::clamp<int64_t>(first, 0, in_size - 1);
  int64_t end = std::clamp<int64_t>(last + 1, need.begin + 1, in_size);
  if (out_begin + out_count == out_size) end = in_size;
  need.count = end - need.begin;
  need.pad_before = std::max<int64_t>(0, -first);
  need.pad_after = std::max<int64_t>(0, last - (in_size - 1));
  return need;
}

}  // namespace tpuc::bm1684x
