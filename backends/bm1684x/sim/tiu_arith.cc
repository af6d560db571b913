// AR: element-wise arithmetic, comparisons, shifts and bit operations. Casts are in tiu_cast.cc.   source: TIU.md
// section 3
#include <bit>

#include "backends/bm1684x/sim/element_ops.h"
#include "backends/bm1684x/sim/tiu_cast.h"
#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {
namespace {

using Ints = std::array<int64_t, kChunk>;
using Bits = std::array<uint32_t, kChunk>;
using Floats = std::array<float, kChunk>;

IntOp int_op(ArOp op) {
  switch (op) {
    case ArOp::Mul:
    case ArOp::MulSat:
    case ArOp::MulDhr:
      return IntOp::Mul;
    case ArOp::Add:
    case ArOp::AddSat:
      return IntOp::Add;
    case ArOp::Max:
      return IntOp::Max;
    case ArOp::Min:
      return IntOp::Min;
    default:
      return IntOp::Sub;
  }
}

FloatOp float_op(ArOp op) {
  switch (op) {
    case ArOp::Mul:
      return FloatOp::Mul;
    case ArOp::Add:
      return FloatOp::Add;
    case ArOp::Sub:
      return FloatOp::Sub;
    case ArOp::AbsDiff:
      return FloatOp::AbsDiff;
    default:
      return FloatOp::Div;
  }
}

void float_arithmetic(const Ar& i, const Chunk& c) {
  Floats a, b;
  load_floats(c.in[0], i.opd0_prec, c.count, a.data());
  load_floats(c.in[1], i.opd1_prec, c.count, b.data());
  float_rows(float_op(i.eu), a.data(), b.data(), a.data(), c.count, static_cast<int>(i.opd2_n_str & 3) + 1);
  store_floats(c.out[0], i.res0_prec, c.count, a.data());
}

bool saturates(ArOp op) { return op == ArOp::MulSat || op == ArOp::AddSat || op == ArOp::SubSat; }

void int_arithmetic(const Ar& i, const Chunk& c) {
  Ints a, b, shift;
  load_ints(c.in[0], i.opd0_prec, i.opd0_sign != 0, c.count, a.data());
  load_ints(c.in[1], i.opd1_prec, i.opd1_sign != 0, c.count, b.data());
  const auto mode = static_cast<Round>(i.opd2_n_str);
  const bool shifts = i.tsk_opd_num == 3 && i.eu != ArOp::Max && i.eu != ArOp::Min;
  if (shifts) load_ints(c.in[2], Prec::I8, true, c.count, shift.data());
  const bool wide = needs_wide_products(i.opd0_prec, i.opd0_sign != 0, i.opd1_prec, i.opd1_sign != 0);
  if (wide && int_op(i.eu) == IntOp::Mul) {
    wide_products(a.data(), b.data(), shifts ? shift.data() : nullptr, mode, saturates(i.eu), c.count, a.data());
  } else {
    int_rows(int_op(i.eu), a.data(), b.data(), a.data(), c.count);
    for (size_t k = 0; shifts && k < c.count; ++k) {
      const int s = static_cast<int>(shift[k]);
      a[k] = saturates(i.eu) ? shift_saturate(a[k], s, mode) : shift_wrap(a[k], s, mode);
    }
  }
  if (saturates(i.eu)) {
    const bool is_signed = (i.opd0_sign | i.opd1_sign) != 0 || i.eu == ArOp::SubSat;
    store_saturated(c.out[0], i.res0_prec, is_signed, c.count, a.data());
  } else {
    store_ints(c.out[0], i.res0_prec, c.count, a.data());
  }
}

void extreme(const Ar& i, const Chunk& c) {
  if (!is_float(i.opd0_prec)) return int_arithmetic(i, c);
  Bits r;
  float_extreme(i.eu == ArOp::Max, c.in[0], c.in[1], i.opd0_prec, c.count, r.data());
  store_bits(c.out[0], i.res0_prec, c.count, r.data());
}

void bit_operation(const Ar& i, const Chunk& c) {
  Bits a, b;
  load_bits(c.in[0], i.opd0_prec, c.count, a.data());
  switch (i.eu) {
    case ArOp::And:
    case ArOp::Or:
    case ArOp::Xor: {
      const BitOp op = i.eu == ArOp::And ? BitOp::And : i.eu == ArOp::Or ? BitOp::Or : BitOp::Xor;
      load_bits(c.in[1], i.opd1_prec, c.count, b.data());
      bit_rows(op, a.data(), b.data(), a.data(), c.count);
      break;
    }
    case ArOp::Not:
      for (size_t k = 0; k < c.count; ++k) a[k] = ~a[k];
      break;
    default:
      break;  // copies
  }
  store_bits(c.out[0], i.res0_prec, c.count, a.data());
}

void absolute(const Ar& i, const Chunk& c) {
  Bits a;
  load_bits(c.in[0], i.opd0_prec, c.count, a.data());
  const uint32_t bits = 8 * size_of(i.opd0_prec), sign = uint32_t{1} << (bits - 1);
  for (size_t k = 0; k < c.count; ++k) {
    if (is_float(i.opd0_prec)) {
      a[k] &= sign - 1;
    } else if (i.opd0_sign != 0 && (a[k] & sign) != 0) {
      a[k] = ~a[k] + 1;  // the store drops high bits
    }
  }
  store_bits(c.out[0], i.res0_prec, c.count, a.data());
}

void shift(const Ar& i, const Chunk& c) {
  Ints a, count;
  load_ints(c.in[0], i.opd0_prec, i.eu == ArOp::ArithShift && i.opd0_sign != 0, c.count, a.data());
  load_ints(c.in[1], i.opd1_prec, true, c.count, count.data());
  const auto mode = static_cast<Round>(i.opd2_n_str);
  for (size_t k = 0; k < c.count; ++k)
    a[k] = shift_wrap(a[k], static_cast<int>(std::clamp<int64_t>(count[k], -128, 127)), mode);
  store_ints(c.out[0], i.res0_prec, c.count, a.data());
}

void rotate(const Ar& i, const Chunk& c) {
  Bits a;
  Ints count;
  load_bits(c.in[0], i.opd0_prec, c.count, a.data());
  load_ints(c.in[1], i.opd1_prec, true, c.count, count.data());
  const unsigned bits = 8 * size_of(i.opd0_prec);
  for (size_t k = 0; k < c.count; ++k) {
    const unsigned left = static_cast<unsigned>(count[k]) % bits;
    const uint64_t wide = a[k];
    a[k] = static_cast<uint32_t>((wide << left) | (wide >> (bits - left)));
  }
  store_bits(c.out[0], i.res0_prec, c.count, a.data());
}

void select(const Ar& i, const Chunk& c) {
  Bits truth;
  const Compare op = i.eu == ArOp::SelectGreater ? Compare::Greater
                     : i.eu == ArOp::SelectEqual ? Compare::Equal
                                                 : Compare::Less;
  compare_rows(op, c.in[0], i.opd0_sign != 0, c.in[1], i.opd1_sign != 0, i.opd0_prec, c.count, truth.data());
  for (size_t k = 0; k < c.count; ++k) truth[k] = truth[k] != 0 ? i.opd2_addr : 0;
  store_bits(c.out[0], i.res0_prec, c.count, truth.data());
}

void multiply_add(const Ar& i, const Chunk& c) {
  Ints a, b, old;
  const bool is_signed = (i.opd0_sign | i.opd1_sign) != 0;
  load_ints(c.in[0], i.opd0_prec, i.opd0_sign != 0, c.count, a.data());
  load_ints(c.in[1], i.opd1_prec, i.opd1_sign != 0, c.count, b.data());
  load_ints({c.out[0].p, c.out[0].step}, i.res0_prec, is_signed, c.count, old.data());
  const int left = static_cast<int>(i.opd2_addr & 31), right = static_cast<int>(i.opd2_addr >> 8 & 31);
  const auto mode = static_cast<Round>(i.opd2_n_str);
  for (size_t k = 0; k < c.count; ++k)
    a[k] = shift_right_round(a[k] * b[k] + shift_left_wrap(old[k], left), right, mode);
  store_saturated(c.out[0], i.res0_prec, is_signed, c.count, a.data());
}

// Rounds to the values that a half type has.
void round_rows(Prec prec, float* x, size_t count) {
  std::array<uint16_t, kChunk> half;
  if (prec == Prec::F16) {
    f32_to_f16(x, half.data(), count);
    f16_to_f32(half.data(), x, count);
  } else if (prec == Prec::BF16) {
    f32_to_bf16(x, half.data(), count);
    bf16_to_f32(half.data(), x, count);
  }
}

// Product and sum are rounded one after the other, each to the operands' type.
void multiply_add_float(const Ar& i, const Chunk& c) {
  Floats a, b;
  load_floats(c.in[0], i.opd0_prec, c.count, a.data());
  load_floats(c.in[1], i.opd1_prec, c.count, b.data());
  float_rows(FloatOp::Mul, a.data(), b.data(), a.data(), c.count);
  round_rows(i.res0_prec, a.data(), c.count);
  load_floats({c.out[0].p, c.out[0].step}, i.res0_prec, c.count, b.data());
  float_rows(FloatOp::Add, a.data(), b.data(), a.data(), c.count);
  store_floats(c.out[0], i.res0_prec, c.count, a.data());
}

void multiply_high(const Ar& i, const Chunk& c) {
  Ints a, b;
  load_ints(c.in[0], i.opd0_prec, i.opd0_sign != 0, c.count, a.data());
  load_ints(c.in[1], i.opd1_prec, i.opd1_sign != 0, c.count, b.data());
  const auto mode = static_cast<Round>(i.opd2_n_str);
  const int count = static_cast<int>(8 * size_of(i.opd0_prec)) - 1;
  for (size_t k = 0; k < c.count; ++k) a[k] = shift_saturate_wide(static_cast<Int128>(a[k]) * b[k], -count, mode);
  store_saturated(c.out[0], i.res0_prec, true, c.count, a.data());
}

void leading_bits(const Ar& i, const Chunk& c) {
  Bits a;
  load_bits(c.in[0], i.opd0_prec, c.count, a.data());
  const uint32_t bits = 8 * size_of(i.opd0_prec), all = static_cast<uint32_t>(low_mask(static_cast<int>(bits)));
  for (size_t k = 0; k < c.count; ++k) {
    const uint32_t v = i.eu == ArOp::LeadingOnes ? ~a[k] & all : a[k];
    a[k] = bits - static_cast<uint32_t>(std::bit_width(v));
  }
  store_bits(c.out[0], i.res0_prec, c.count, a.data());
}

using Kernel = void (*)(const Ar&, const Chunk&);
Kernel kernel_of(const Ar& i) {
  switch (i.eu) {
    case ArOp::Mul:
    case ArOp::Add:
    case ArOp::Sub:
      return is_float(i.opd0_prec) ? float_arithmetic : int_arithmetic;
    case ArOp::MulSat:
    case ArOp::AddSat:
    case ArOp::SubSat:
      return int_arithmetic;
    case ArOp::Div:
    case ArOp::AbsDiff:
      return float_arithmetic;
    case ArOp::Max:
    case ArOp::Min:
      return extreme;
    case ArOp::And:
    case ArOp::Or:
    case ArOp::Xor:
    case ArOp::Not:
    case ArOp::Copy:
    case ArOp::CopyBatch:
      return bit_operation;
    case ArOp::Abs:
      return absolute;
    case ArOp::LogicShift:
    case ArOp::ArithShift:
      return shift;
    case ArOp::Rotate:
      return rotate;
    case ArOp::SelectGreater:
    case ArOp::SelectEqual:
    case ArOp::SelectLess:
      return select;
    case ArOp::Cast:
      return cast_chunk;
    case ArOp::Mac:
      return is_float(i.opd0_prec) ? multiply_add_float : multiply_add;
    case ArOp::MulDhr:
      return multiply_high;
    case ArOp::LeadingZeros:
    case ArOp::LeadingOnes:
      return leading_bits;
  }
  return bit_operation;
}

}  // namespace

void exec(const TiuContext& context, const Ar& i) {
  const OperandViews& v = context.views;
  ElementLoop loop(context, *v.res);
  loop.add({v.a, i.opd0_addr});
  loop.add({v.b, i.opd1_addr});
  Source third{{}, i.opd2_addr};
  if (v.c) third.view = repeat_per_channel(*v.c);
  loop.add(third);
  const Kernel kernel = kernel_of(i);
  loop.run([&](const Chunk& c) { kernel(i, c); });
}

}  // namespace tpuc::bm1684x
