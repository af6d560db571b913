// fp16 and bf16 as the chip converts them: rounding mode explicit, fp32 denormals count as zero, one NaN.
//   source: TIU.md section 2 "Numbers"
#pragma once

#include <cstddef>
#include <cstdint>

#include "tpuc/numerics/fixed_point.h"

namespace tpuc {

// fp16 denormals are kept; a NaN becomes 0xFFC00000.
float f16_to_f32(uint16_t bits);
// A NaN becomes 0x7FFF; |x| >= 65536 becomes infinity in every mode. In modes NearestUp and NearestDown a tie goes away
// from or toward zero.
uint16_t f32_to_f16(float x, Round mode = Round::NearestEven);

// The upper half of an fp32.
float bf16_to_f32(uint16_t bits);
// As f32_to_f16; a result below the smallest normal number becomes zero with its sign.
uint16_t f32_to_bf16(float x, Round mode = Round::NearestEven);

// Whole rows, with vector instructions where the machine has them; the same bits as the functions above.
void f16_to_f32(const uint16_t* from, float* to, size_t count);
void f32_to_f16(const float* from, uint16_t* to, size_t count);
void bf16_to_f32(const uint16_t* from, float* to, size_t count);
void f32_to_bf16(const float* from, uint16_t* to, size_t count);

// Exact integer to float with one rounding. The fp16 overflow rules per mode are the chip's (TIU.md section 3, cast).
float int_to_f32(int64_t v, Round mode = Round::NearestEven);
uint16_t int_to_f16(int64_t v, Round mode = Round::NearestEven);
uint16_t int_to_bf16(int64_t v, Round mode = Round::NearestEven);

// Float to integer, saturating; a NaN gives the lowest value. Modes NearestEven to Up.
int64_t f32_to_int(float x, int bits, bool is_signed, Round mode);

}  // namespace tpuc
