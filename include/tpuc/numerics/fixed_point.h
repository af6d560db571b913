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

// v / 2^count, rounded. count >= 0; a count of 64 or more is exact too.
constexpr int64_t shift_right_round(int64_t v, int count, Round mode) {
  if (count <= 0) return v;
  if (count > 64) {  // |v| is below half a step
    if (mode == Round::Down) return v < 0 ? -1 : 0;
    return mode == Round::Up && v > 0 ? 1 : 0;
  }
  // exact: floor and remainder; the remainder and the half step need 64 unsigned bits at count == 64.
  const int64_t q = count == 64 ? (v < 0 ? -1 : 0) : v >> count;
  const uint64_t rem = count == 64 ? static_cast<uint64_t>(v) : static_cast<uint64_t>(v) & ((uint64_t{1} << count) - 1);
  const uint64_t half = uint64_t{1} << (count - 1);
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

}  // namespace tpuc
