// The chip's dot products for many results at once: the inner loops of CONV, MM and MM2, in vector code chosen at run
// time. X is a block of kDotColumns columns (pixels, or columns of a matrix), k_count rows of floats or int32; W has
// one row of k_count values per result row. Callers must be in the chip's floating-point mode.
//   source: TIU.md section 4
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tpuc::bm1684x {

inline constexpr size_t kDotColumns = 32;
inline constexpr size_t kHalfBlock = 32;  // products of half types that the chip sums at once

struct DotShape {
  size_t rows;      // results per column
  size_t k_count;   // terms
  size_t w_stride;  // elements from one row of W to the next
};

struct DotKernels {
  const char* instruction_set;  // "avx512", "avx2", "base"
  // even[r][c] += x[k][c] * w[r][k] for even k, odd[r][c] for odd k; every product and sum is rounded.
  void (*f32)(const DotShape&, const float* x, const float* w, float* even, float* odd);
  // fp16 and bf16, already widened: per block of `block` <= 32 terms acc = fl(acc + S), S the fused sum of exact
  // products: all truncated to multiples of 2^(E-24), E the exponent of the largest one, summed exactly, rounded once.
  // k_count is a multiple of `block`.
  void (*half)(const DotShape&, size_t block, const float* x, const float* w, float* acc);
  // acc[r][c] += x[k][c] * w[r][k] in 32 wrapping bits; callers bound k_count.
  void (*i32)(const DotShape&, const int32_t* x, const int32_t* w, int32_t* acc);
};
std::vector<DotKernels> runnable_dot_kernels();  // those that this machine can run, best first
const DotKernels& dot_kernels();                 // the best

// `half` over the terms of `taps` taps and k_count / taps channels, as CONV orders them: blocks of 32 channels with all
// their taps, then the channels that are left.
void dot_half_blocks(const DotShape& shape, size_t taps, const float* x, const float* w, float* acc);

}  // namespace tpuc::bm1684x
