// Which input pixel each tap of a sliding window sees, with padding, inserted rows, dilation and stride. Used by CONV
// and PorD.
//   source: TIU.md section 4, "order of steps"
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/bm1684x/isa/tiu_conv.h"

namespace tpuc::bm1684x {

struct WindowGeometry {
  int64_t h = 1, w = 1;          // input
  int64_t ins_y = 0, ins_x = 0;  // rows and columns inserted between pixels
  int64_t up = 0, down = 0, left = 0, right = 0;
  uint32_t pad_mode = 0;  // 0 constant, 1 reflect, 2 replicate, 3 circular
  int64_t kh = 1, kw = 1, dilation_y = 1, dilation_x = 1, stride_y = 1, stride_x = 1;
  int64_t oh = 1, ow = 1;
};

template <class I>
WindowGeometry geometry_of(const I& i) {
  WindowGeometry g;
  g.h = i.opd0_h, g.w = i.opd0_w, g.ins_y = i.opd0_y_ins0, g.ins_x = i.opd0_x_ins0;
  g.up = i.opd0_up_pad, g.down = i.opd0_dn_pad, g.left = i.opd0_lf_pad, g.right = i.opd0_rt_pad;
  g.pad_mode = i.pad_mode;
  g.kh = i.opd1_h, g.kw = i.opd1_w;
  g.dilation_y = i.opd1_y_ins0 + 1, g.dilation_x = i.opd1_x_ins0 + 1;
  g.stride_y = i.res_op_y_str, g.stride_x = i.res_op_x_str;
  g.oh = i.res0_h, g.ow = i.res0_w;
  return g;
}

class WindowMap {
 public:
  explicit WindowMap(const WindowGeometry& g);

  // Values that tap (r, s) of the window sees at output pixels [first, first + count), from a dense plane of input
  // pixels. Pixels that are padding or inserted get the two constants.
  template <class T>
  void gather(const T* plane, T pad, T inserted, int64_t r, int64_t s, int64_t first, int64_t count, T* out) const {
    for (int64_t p = first; p < first + count;) {
      const int64_t y = p / g_.ow, x = p % g_.ow;
      const int64_t length = std::min(g_.ow - x, first + count - p);
      gather_row(plane, pad, inserted, rows_[static_cast<size_t>(y * g_.stride_y + r * g_.dilation_y)], s, x, length,
                 out + (p - first));
      p += length;
    }
  }

 private:
  static constexpr int64_t kPad = -1, kInserted = -2;
  // Of one output row: `count` pixels from `first` on see input columns source, source + step, ...; or a constant.
  struct Run {
    int64_t first, count, source, step;
  };

  template <class T>
  void gather_row(const T* plane, T pad, T inserted, int64_t row, int64_t s, int64_t x, int64_t length, T* out) const {
    if (row == kPad) return fill(out, length, pad);
    for (const Run& run : runs_[static_cast<size_t>(s)]) {
      const int64_t begin = std::max(x, run.first), end = std::min(x + length, run.first + run.count);
      if (begin >= end) continue;
      T* to = out + (begin - x);
      if (run.source == kPad) {
        fill(to, end - begin, pad);
      } else if (run.source == kInserted || row == kInserted) {
        fill(to, end - begin, inserted);
      } else {
        const T* from = plane + row * g_.w + run.source + (begin - run.first) * run.step;
        for (int64_t k = 0; k < end - begin; ++k) to[k] = from[k * run.step];
      }
    }
  }
  template <class T>
  static void fill(T* out, int64_t count, T value) {
    for (int64_t k = 0; k < count; ++k) out[k] = value;
  }

  WindowGeometry g_;
  std::vector<int64_t> rows_;           // by row of the padded input: input row, kPad or kInserted
  std::vector<std::vector<Run>> runs_;  // by tap column
};

}  // namespace tpuc::bm1684x
