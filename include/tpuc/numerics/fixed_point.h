// The chip's integer rules: rounding right shifts, saturation, wrapping. Header only, so that inner loops can inline
// them.
//   source: TIU.md section 2 "Numbers"; the same modes as field opd2_n_str
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tpuc {

enum class Round : uint8_t {
  NearestEven = 0,
  NearestAway = 1,  // ties away from zero
  Zero = 2,
  Down = 3,
  Up = 4,
  NearestUp = 5,   // ties toward plus infinity
  NearestDown = 6  // ties toward minus infinity
};

__extension__ typedef __int128 Int128;            // NOLINT(modernize-use-using): __extension__ needs a typedef
__extension__ typedef unsigned __int128 UInt128;  // NOLINT(modernize-use-using)

// v / 2^count, rounded. count >= 0, however large. S: a signed type, U its unsigned twin.
template <class S, class U>
constexpr S shift_right_round_as(S v, int count, Round mode) {
  constexpr int kBits = 8 * static_cast<int>(sizeof(S));
  if (count <= 0) return v;
  if (count > kBits) {  // |v| is below half a step
    if (mode == Round::Down) return v < 0 ? -1 : 0;
    return mode == Round::Up && v > 0 ? 1 : 0;
  }
  // exact: floor and remainder; the remainder and the half step need all bits of U.
  const S q = count == kBits ? (v < 0 ? S{-1} : S{0}) : static_cast<S>(v >> count);
  const U rem = count == kBits ? static_cast<U>(v) : static_cast<U>(v) & ((U{1} << count) - 1);
  const U half = U{1} << (count - 1);
  switch (mode) {
    case Round::NearestEven:
      return q + ((rem > half || (rem == half && (q & 1) != 0)) ? 1 : 0);
    case Round::NearestAway:
      return q + ((rem > half || (rem == half && v >= 0)) ? 1 : 0);
    case Round::Zero:
      return q + ((v < 0 && rem != 0) ? 1 : 0);
    case Round::Down:
      return q;
    case Round::Up:
      return q + (rem != 0 ? 1 : 0);
    case Round::NearestUp:
      return q + (rem >= half ? 1 : 0);
    case Round::NearestDown:
      return q + (rem > half ? 1 : 0);
  }
  return q;
}
constexpr int64_t shift_right_round(int64_t v, int count, Round mode) {
  return shift_right_round_as<int64_t, uint64_t>(v, count, mode);
}

// v * 2^count in 64 bits: the wrapping form drops high bits, the saturating form stops at the ends of int64.
constexpr int64_t shift_left_wrap(int64_t v, int count) {
  return count >= 64 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(v) << count);
}
constexpr int64_t shift_left_saturate(int64_t v, int count) {
  if (v == 0 || count == 0) return v;
  const int64_t limit = v < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  if (count >= 63) return limit;
  return v > (std::numeric_limits<int64_t>::max() >> count) || v < (std::numeric_limits<int64_t>::min() >> count)
             ? limit
             : shift_left_wrap(v, count);
}

// The chip's signed shift counts: positive is left, negative is right with rounding.
constexpr int64_t shift_wrap(int64_t v, int count, Round mode) {
  return count >= 0 ? shift_left_wrap(v, count) : shift_right_round(v, -count, mode);
}
constexpr int64_t shift_saturate(int64_t v, int count, Round mode) {
  return count >= 0 ? shift_left_saturate(v, count) : shift_right_round(v, -count, mode);
}

// For sums of 64-bit products, |v| < 2^90: shifted, then clipped to 63 bits.
constexpr int64_t shift_saturate_wide(Int128 v, int count, Round mode) {
  constexpr Int128 kLimit = Int128{1} << 62;
  if (count < 0) v = shift_right_round_as<Int128, UInt128>(v, -count, mode);
  if (count > 0)
    v = count < 32 ? static_cast<Int128>(static_cast<UInt128>(v) << count) : v > 0 ? kLimit : v < 0 ? -kLimit : 0;
  return static_cast<int64_t>(v > kLimit ? kLimit : v < -kLimit ? -kLimit : v);
}

// The range of an integer type of `bits` bits (8, 16, 32).
constexpr int64_t lowest_of(int bits, bool is_signed) { return is_signed ? -(int64_t{1} << (bits - 1)) : 0; }
constexpr int64_t highest_of(int bits, bool is_signed) { return (int64_t{1} << (is_signed ? bits - 1 : bits)) - 1; }
constexpr int64_t saturate(int64_t v, int bits, bool is_signed) {
  return std::clamp(v, lowest_of(bits, is_signed), highest_of(bits, is_signed));
}
template <class T>
constexpr T saturate_to(int64_t v) {
  return static_cast<T>(std::clamp<int64_t>(v, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

// Requantization of the chip's rq1: saturate(v * multiplier * 2^shift + zero). shift < 0 is a right shift with
// rounding; |v * multiplier| < 2^63, |zero| < 2^17.
constexpr int64_t requantize(int64_t v, int32_t multiplier, int shift, int32_t zero, Round mode, int bits,
                             bool is_signed) {
  const int64_t scaled = std::clamp(shift_saturate(v * multiplier, shift, mode), -(int64_t{1} << 62), int64_t{1} << 62);
  return saturate(scaled + zero, bits, is_signed);
}

// x * scale + offset, rounded to nearest even after both steps and then to a whole number, saturated. bits: 8 or 16.
// Not a number gives the lowest value. exact: flushing denormals changes nothing, they round to 0.
inline int32_t affine_to_int(float x, float scale, float offset, int bits, bool is_signed) {
  constexpr float kRounds = 12582912.0F;  // 1.5 * 2^23: its sum with |y| <= 2^22 has no room for a fraction
  const auto low = static_cast<float>(lowest_of(bits, is_signed)),
             high = static_cast<float>(highest_of(bits, is_signed));
  const float scaled = x * scale;
  float y = scaled + offset;
  y = y > low ? y : low;
  y = y < high ? y : high;
  return static_cast<int32_t>((y + kRounds) - kRounds);
}

// Requantization of the chip's rq0: the integer, too, is rounded to nearest even.
inline int32_t requantize_float(int32_t v, float scale, float offset, int bits, bool is_signed) {
  return affine_to_int(static_cast<float>(v), scale, offset, bits, is_signed);
}

}  // namespace tpuc
