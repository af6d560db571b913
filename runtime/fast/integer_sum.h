// Sums of products of 8-bit integers by the fast versions for floats, exactly: the axis summed over is cut into parts
// whose sums stay below 2^24, where f32 is exact whatever the order of additions. Not oneDNN's own int8, which
// saturates in between on some machines.
#pragma once

#include <any>
#include <functional>

#include "runtime/fast/fast.h"

namespace tpuc::fast {

// How operands 0 (x) and 1 (w) enter the sums, and where channels lie in the result.
struct IntegerSum {
  size_t x_axis = 1, w_axis = 1;  // the axis summed over; of a grouped convolution within a group
  int64_t groups = 1;             // several: no parts
  int64_t x_zero = 0, w_zero = 0;
  int64_t pad_value = 0;  // adds pad_value times the sum of its filter to each channel, and is subtracted from x
  int64_t terms = 1;      // products of one index of the axis
  int64_t channels = 1, inner = 1;  // element i of the result belongs to channel i / inner % channels
  // Channel, and index on the axis, of the w's elements [row * terms, (row + 1) * terms); null: not known, and w is
  // taken to hold extreme values only.
  struct Place {
    int64_t channel, depth;
  };
  std::function<Place(int64_t row)> place;
};

// `plain`: the fast version for floats; `attrs`: what it is to see. None where that one has none.
Kernel prepare_integer_sum(const Site& site, const IntegerSum& sum, Prepare plain, std::any attrs);

}  // namespace tpuc::fast
