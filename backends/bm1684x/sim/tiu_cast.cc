// AR cast between element types, with the chip's rounding modes and overflow rules.   source: TIU.md section 3, eu 14
#include "backends/bm1684x/sim/tiu_cast.h"

#include <cmath>

#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {
namespace {

void float_to_float(const Ar& i, const Chunk& c, Round mode) {
  std::array<float, kChunk> x;
  load_floats(c.in[0], i.opd0_prec, c.count, x.data());
  if (i.res0_prec == Prec::F32 || mode == Round::NearestEven)
    return store_floats(c.out[0], i.res0_prec, c.count, x.data());
  std::array<uint16_t, kChunk> half;
  for (size_t k = 0; k < c.count; ++k)
    half[k] = i.res0_prec == Prec::F16 ? f32_to_f16(x[k], mode) : f32_to_bf16(x[k], mode);
  store_row<uint16_t>(c.out[0], c.count, half.data());
}

// Exact in double: a half is added to at most 24 bits.
double integral(double x, Round mode) {
  constexpr double kHalf = 0.5;
  switch (mode) {
    case Round::NearestEven:
      return std::nearbyint(x);
    case Round::NearestAway:
      return std::round(x);
    case Round::Zero:
      return std::trunc(x);
    case Round::Down:
      return std::floor(x);
    case Round::Up:
      return std::ceil(x);
    case Round::NearestUp:
      return std::floor(x + kHalf);
    case Round::NearestDown:
      return std::ceil(x - kHalf);
  }
  return x;
}

// A cast to the type it comes from gives whole numbers, zeros with the operand's sign (found on the functional model).
void round_to_integral(const Ar& i, const Chunk& c, Round mode) {
  std::array<float, kChunk> x;
  load_floats(c.in[0], i.opd0_prec, c.count, x.data());
  for (size_t k = 0; k < c.count; ++k) {
    const float flushed = std::fpclassify(x[k]) == FP_SUBNORMAL ? std::copysign(0.0F, x[k]) : x[k];
    if (std::isfinite(flushed)) x[k] = std::copysign(static_cast<float>(integral(flushed, mode)), flushed);
  }
  store_floats(c.out[0], i.res0_prec, c.count, x.data());
}

void float_to_int(const Ar& i, const Chunk& c, Round mode) {
  std::array<float, kChunk> x;
  std::array<int64_t, kChunk> r;
  load_floats(c.in[0], i.opd0_prec, c.count, x.data());
  const int bits = static_cast<int>(8 * size_of(i.res0_prec));
  for (size_t k = 0; k < c.count; ++k) r[k] = f32_to_int(x[k], bits, i.opd2_sign != 0, mode);
  store_ints(c.out[0], i.res0_prec, c.count, r.data());
}

void int_to_float(const Ar& i, const Chunk& c, Round mode) {
  std::array<int64_t, kChunk> x;
  load_ints(c.in[0], i.opd0_prec, i.opd0_sign != 0, c.count, x.data());
  if (i.res0_prec == Prec::F32) {
    std::array<float, kChunk> r;
    for (size_t k = 0; k < c.count; ++k)
      r[k] = mode == Round::NearestEven ? static_cast<float>(x[k]) : int_to_f32(x[k], mode);
    return store_row<float>(c.out[0], c.count, r.data());
  }
  std::array<uint16_t, kChunk> r;
  for (size_t k = 0; k < c.count; ++k)
    r[k] = i.res0_prec == Prec::F16 ? int_to_f16(x[k], mode) : int_to_bf16(x[k], mode);
  store_row<uint16_t>(c.out[0], c.count, r.data());
}

}  // namespace

void cast_chunk(const Ar& i, const Chunk& c) {
  const auto mode = static_cast<Round>(i.opd2_n_str);
  const bool from_float = is_float(i.opd0_prec), to_float = is_float(i.res0_prec);
  if (i.opd0_prec == i.res0_prec && from_float) return round_to_integral(i, c, mode);
  if (from_float) return to_float ? float_to_float(i, c, mode) : float_to_int(i, c, mode);
  if (to_float) return int_to_float(i, c, mode);
  std::array<int64_t, kChunk> x;
  load_ints(c.in[0], i.opd0_prec, i.opd0_sign != 0, c.count, x.data());
  store_saturated(c.out[0], i.res0_prec, i.opd2_sign != 0, c.count, x.data());
}

}  // namespace tpuc::bm1684x
