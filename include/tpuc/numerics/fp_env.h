// The chip's floating-point mode on the host: denormal fp32 inputs and results count as zero, rounding is to nearest
// even.
#pragma once

#include <xmmintrin.h>

namespace tpuc {

// Sets the mode for the calling thread while it lives, then restores what was there. Every worker thread needs its own.
class FlushDenormals {
 public:
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(kMaskAll | kFlushToZero | kDenormalsAreZero); }
  ~FlushDenormals() { _mm_setcsr(saved_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned kMaskAll = 0x1f80, kFlushToZero = 0x8000, kDenormalsAreZero = 0x40;
  unsigned saved_;
};

}  // namespace tpuc
