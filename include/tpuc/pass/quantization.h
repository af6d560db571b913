// What the quantize pass is told: the real ranges of values, and which operators are to compute in 8 bits.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

namespace tpuc {

class Op;

// The real numbers an 8-bit value is to represent, min <= max, both finite. A threshold T is [-T, T], or [0, T].
struct ValueRange {
  double min = 0, max = 0;
};

struct Quantization {
  std::unordered_map<std::string, ValueRange> ranges;  // by name of a value of the canonical graph
  bool asymmetric = false;                    // zero points other than 0 everywhere, not in lopsided ranges only
  std::function<bool(const Op&)> wants_int8;  // the user's word; empty: all that can
};

}  // namespace tpuc
