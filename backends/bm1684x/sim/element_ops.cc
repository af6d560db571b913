// Row arithmetic: one plain loop per operation, so that the compiler can turn each into vector code.
#include "backends/bm1684x/sim/element_ops.h"

#include <bit>

namespace tpuc::bm1684x {
namespace {

template <class T, class R, class Fn>
void zip(const T* a, const T* b, R* result, size_t count, Fn&& fn) {
#pragma omp simd
  for (size_t k = 0; k < count; ++k) result[k] = fn(a[k], b[k]);
}

template <class Fn>
void select_bits(const float* a, const float* b, const uint32_t* a_bits, const uint32_t* b_bits, size_t count,
                 uint32_t* result, Fn&& first) {
#pragma omp simd
  for (size_t k = 0; k < count; ++k) {
    const uint32_t p = a_bits[k], q = b_bits[k];
    result[k] = first(a[k], b[k]) ? p : q;
  }
}

// a / b as the chip divides: y*y approximates 1/|b|, every step rounded.
float newton_divide(float a, float b, int iterations) {
  const float magnitude = std::bit_cast<float>(std::bit_cast<uint32_t>(b) & 0x7fffffff);
  const float y = newton_rsqrt(magnitude, iterations);
  const float sign = (std::bit_cast<uint32_t>(b) >> 31) != 0 ? -1.f : 1.f;
  return a * (y * y * sign);
}

void compare_ints(Compare op, const int64_t* a, const int64_t* b, size_t count, uint32_t* truth) {
  switch (op) {
    case Compare::Greater:
      return zip(a, b, truth, count, [](int64_t x, int64_t y) { return uint32_t{x > y}; });
    case Compare::Equal:
      return zip(a, b, truth, count, [](int64_t x, int64_t y) { return uint32_t{x == y}; });
    case Compare::Less:
      return zip(a, b, truth, count, [](int64_t x, int64_t y) { return uint32_t{x < y}; });
  }
}

}  // namespace

float newton_rsqrt(float x, int iterations) {
  float y = std::bit_cast<float>(0x5f3759df - (std::bit_cast<int32_t>(x) >> 1));
  const float half = x * 0.5f;
  for (int k = 0; k < iterations; ++k) y = y * (1.5f - (half * y) * y);
  return y;
}

void float_rows(FloatOp op, const float* a, const float* b, float* result, size_t count, int iterations) {
  switch (op) {
    case FloatOp::Mul:
      zip(a, b, result, count, [](float x, float y) { return x * y; });
      break;
    case FloatOp::Add:
      zip(a, b, result, count, [](float x, float y) { return x + y; });
      break;
    case FloatOp::Sub:
      zip(a, b, result, count, [](float x, float y) { return x - y; });
      break;
    case FloatOp::AbsDiff:
      zip(a, b, result, count, [](float x, float y) { return x > y ? x - y : y - x; });
      break;
    case FloatOp::Div:
      for (size_t k = 0; k < count; ++k) result[k] = newton_divide(a[k], b[k], iterations);
      break;
  }
}

void int_rows(IntOp op, const int64_t* a, const int64_t* b, int64_t* result, size_t count) {
  switch (op) {
    case IntOp::Mul:  // exact modulo 2^64; only uint32 x uint32 products need the 64th bit
      zip(a, b, result, count, [](int64_t x, int64_t y) {
        return static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
      });
      break;
    case IntOp::Add:
      zip(a, b, result, count, [](int64_t x, int64_t y) { return x + y; });
      break;
    case IntOp::Sub:
      zip(a, b, result, count, [](int64_t x, int64_t y) { return x - y; });
      break;
    case IntOp::Max:
      zip(a, b, result, count, [](int64_t x, int64_t y) { return x > y ? x : y; });
      break;
    case IntOp::Min:
      zip(a, b, result, count, [](int64_t x, int64_t y) { return x < y ? x : y; });
      break;
  }
}

bool needs_wide_products(Prec a, bool a_signed, Prec b, bool b_signed) {
  return a == Prec::I32 && b == Prec::I32 && !a_signed && !b_signed;
}

void wide_products(const int64_t* a, const int64_t* b, const int64_t* opt_shift, Round mode, bool saturates,
                   size_t count, int64_t* result) {
  for (size_t k = 0; k < count; ++k) {
    const Int128 product = static_cast<Int128>(a[k]) * b[k];
    const int shift = opt_shift == nullptr ? 0 : static_cast<int>(opt_shift[k]);
    if (saturates) {
      result[k] = shift_saturate_wide(product, shift, mode);
    } else if (shift >= 0) {
      result[k] = shift_left_wrap(static_cast<int64_t>(product), shift);
    } else {
      result[k] = static_cast<int64_t>(shift_right_round_as<Int128, UInt128>(product, -shift, mode));
    }
  }
}

void bit_rows(BitOp op, const uint32_t* a, const uint32_t* b, uint32_t* result, size_t count) {
  switch (op) {
    case BitOp::And:
      zip(a, b, result, count, [](uint32_t x, uint32_t y) { return x & y; });
      break;
    case BitOp::Or:
      zip(a, b, result, count, [](uint32_t x, uint32_t y) { return x | y; });
      break;
    case BitOp::Xor:
      zip(a, b, result, count, [](uint32_t x, uint32_t y) { return x ^ y; });
      break;
  }
}

void compare_rows(Compare op, ConstRow a, bool a_signed, ConstRow b, bool b_signed, Prec prec, size_t count,
                  uint32_t* truth) {
  if (!is_float(prec)) {
    std::array<int64_t, kChunk> x, y;
    load_ints(a, prec, a_signed, count, x.data());
    load_ints(b, prec, b_signed, count, y.data());
    return compare_ints(op, x.data(), y.data(), count, truth);
  }
  std::array<float, kChunk> x, y;
  std::array<uint32_t, kChunk> x_bits, y_bits;
  load_floats(a, prec, count, x.data());
  load_floats(b, prec, count, y.data());
  load_bits(a, prec, count, x_bits.data());
  load_bits(b, prec, count, y_bits.data());
  for (size_t k = 0; k < count; ++k) {
    const bool greater = x[k] > y[k], equal = x[k] == y[k] || x_bits[k] == y_bits[k];
    truth[k] = op == Compare::Greater ? greater : op == Compare::Equal ? equal : !greater && !equal;
  }
}

void flush_denormals(Prec prec, size_t count, uint32_t* bits) {
  const uint32_t exponent = prec == Prec::F32 ? 0x7f800000 : prec == Prec::BF16 ? 0x7f80 : 0;
  const uint32_t sign = prec == Prec::F32 ? 0x80000000 : 0x8000;
  if (exponent == 0) return;
#pragma omp simd
  for (size_t k = 0; k < count; ++k) bits[k] = (bits[k] & exponent) == 0 ? bits[k] & sign : bits[k];
}

void float_extreme(bool is_max, ConstRow a, ConstRow b, Prec prec, size_t count, uint32_t* result) {
  std::array<float, kChunk> x, y;
  std::array<uint32_t, kChunk> x_bits, y_bits;
  load_floats(a, prec, count, x.data());
  load_floats(b, prec, count, y.data());
  load_bits(a, prec, count, x_bits.data());
  load_bits(b, prec, count, y_bits.data());
  if (is_max) {
    select_bits(x.data(), y.data(), x_bits.data(), y_bits.data(), count, result,
                [](float p, float q) { return p > q; });
  } else {
    select_bits(x.data(), y.data(), x_bits.data(), y_bits.data(), count, result,
                [](float p, float q) { return !(p >= q); });
  }
  flush_denormals(prec, count, result);
}

}  // namespace tpuc::bm1684x
