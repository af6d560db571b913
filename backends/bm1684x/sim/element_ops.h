// Arithmetic on short rows that AR and VC share. Counts are at most kChunk; float functions expect the chip's mode.
#pragma once

#include "backends/bm1684x/sim/element_loop.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::bm1684x {

enum class FloatOp { Mul, Add, Sub, AbsDiff, Div };
// iterations: Newton steps of Div.
void float_rows(FloatOp op, const float* a, const float* b, float* result, size_t count, int iterations = 0);
// y with y*y*x ~ 1 by the chip's start value and Newton steps, x >= 0.
float newton_rsqrt(float x, int iterations);

enum class IntOp { Mul, Add, Sub, Max, Min };
void int_rows(IntOp op, const int64_t* a, const int64_t* b, int64_t* result, size_t count);

// Products of two unsigned 32-bit rows need all 64 bits, so an int64 does not hold them: shifted by `shift[k]` (null:
// not at all), then clipped to 63 bits or, for wrapping commands, cut to the low 64.
bool needs_wide_products(Prec a, bool a_signed, Prec b, bool b_signed);
void wide_products(const int64_t* a, const int64_t* b, const int64_t* opt_shift, Round mode, bool saturates,
                   size_t count, int64_t* result);

enum class BitOp { And, Or, Xor };
void bit_rows(BitOp op, const uint32_t* a, const uint32_t* b, uint32_t* result, size_t count);

enum class Compare { Greater, Equal, Less };
// truth[k] = 1 or 0. Floats: NaN is never greater; equal are equal values and equal bits (so a NaN equals itself); less
// is whatever is neither greater nor equal, so that a NaN is less than all but itself.   source: probes of the model
void compare_rows(Compare op, ConstRow a, bool a_signed, ConstRow b, bool b_signed, Prec prec, size_t count,
                  uint32_t* truth);

// Commands that pass on one of two floats turn fp32 and bf16 denormals into zero.
void flush_denormals(Prec prec, size_t count, uint32_t* bits);

// max and min as the chip selects bits: a > b ? a : b, and a >= b ? b : a; denormals are flushed.
void float_extreme(bool is_max, ConstRow a, ConstRow b, Prec prec, size_t count, uint32_t* result);

}  // namespace tpuc::bm1684x
