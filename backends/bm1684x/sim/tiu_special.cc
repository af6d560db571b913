// RQ&DQ and SFU: requantization, dequantization, polynomials, reciprocal square root.   source: TIU.md sections 6 and 9
#include <bit>

#include "backends/bm1684x/sim/element_ops.h"
#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {
namespace {

using Ints = std::array<int64_t, kChunk>;
using Bits = std::array<uint32_t, kChunk>;
using Floats = std::array<float, kChunk>;

// The parameters of one channel, from its row of 32-bit words or from the command.
struct QuantParams {
  float scale = 0, offset = 0;
  int32_t multiplier = 0, zero = 0;
  int shift = 0;
};

int32_t zero_point(uint32_t bits, bool is_signed) {
  return is_signed ? static_cast<int16_t>(bits & 0xffff) : static_cast<int32_t>(bits & 0xffff);
}

QuantParams constant_params(const RqDq& i) {
  QuantParams q;
  switch (i.eu) {
    case RqOp::Rq0:
      q.scale = std::bit_cast<float>(i.opd1_addr);
      q.offset = std::bit_cast<float>(i.opd2_addr);
      break;
    case RqOp::Rq1:
      q.multiplier = static_cast<int32_t>(i.opd1_addr);
      q.shift = static_cast<int8_t>(i.opd2_addr & 0xff);
      q.zero = zero_point(i.opd2_addr >> 16, i.opd2_sign != 0);
      break;
    case RqOp::Dq0:
      q.zero = zero_point(i.opd1_addr, i.opd0_sign != 0);
      q.scale = std::bit_cast<float>(i.opd2_addr);
      break;
    case RqOp::Dq1:
      q.zero = zero_point(i.opd1_addr, i.opd0_sign != 0);
      q.shift = static_cast<int16_t>(i.opd1_addr >> 16);
      q.multiplier = static_cast<int32_t>(i.opd2_addr);
      break;
  }
  return q;
}

QuantParams channel_params(const RqDq& i, const uint8_t* words) {
  const auto word = [&](int k) { return load<uint32_t>(words + 4 * k); };
  QuantParams q;
  switch (i.eu) {
    case RqOp::Rq0:
      q.scale = std::bit_cast<float>(word(0));
      q.offset = std::bit_cast<float>(word(1));
      break;
    case RqOp::Rq1:
      q.multiplier = static_cast<int32_t>(word(0));
      q.shift = static_cast<int8_t>(word(1) & 0xff);
      q.zero = zero_point(word(2), i.opd2_sign != 0);
      break;
    case RqOp::Dq0:
      q.zero = zero_point(word(0), i.opd0_sign != 0);
      q.scale = std::bit_cast<float>(word(1));
      break;
    case RqOp::Dq1:
      q.zero = zero_point(word(0), i.opd0_sign != 0);
      q.multiplier = static_cast<int32_t>(word(1));
      q.shift = static_cast<int8_t>(word(2) & 0xff);
      break;
  }
  return q;
}

float to_float(int64_t v, Round mode) {
  return mode == Round::NearestEven ? static_cast<float>(v) : int_to_f32(v, mode);
}

void quant_chunk(const RqDq& i, const QuantParams& q, const Chunk& c) {
  Ints x;
  load_ints(c.in[0], i.opd0_prec, i.opd0_prec == Prec::I32 || i.opd0_sign != 0, c.count, x.data());
  const int bits = static_cast<int>(8 * size_of(i.res0_prec));
  const auto mode = static_cast<Round>(i.opd2_n_str & 7), to_int = static_cast<Round>(i.opd2_n_str >> 3 & 7);
  const bool is_signed = i.opd2_sign != 0 || (i.eu == RqOp::Dq1 && i.res0_prec == Prec::I32);
  switch (i.eu) {
    case RqOp::Rq0:
      for (size_t k = 0; k < c.count; ++k) {
        const float scaled = to_float(x[k], mode) * q.scale;
        x[k] = f32_to_int(scaled + q.offset, bits, is_signed, to_int);
      }
      break;
    case RqOp::Rq1:
      for (size_t k = 0; k < c.count; ++k)
        x[k] = requantize(x[k], q.multiplier, q.shift, q.zero, mode, bits, is_signed);
      break;
    case RqOp::Dq0: {
      Floats r;
      for (size_t k = 0; k < c.count; ++k) r[k] = to_float(x[k] - q.zero, mode) * q.scale;
      return store_row<float>(c.out[0], c.count, r.data());
    }
    case RqOp::Dq1:
      for (size_t k = 0; k < c.count; ++k)
        x[k] = saturate(shift_saturate((x[k] - q.zero) * q.multiplier, q.shift, mode), bits, is_signed);
      break;
  }
  store_ints(c.out[0], i.res0_prec, c.count, x.data());
}

// Horner's rule with a rounding to the operand type after every step; the table is in in[1]'s row.
void taylor_chunk(const Sfu& i, const Chunk& c) {
  const Prec p = i.opd0_prec;
  Floats x, sum, term;
  load_floats(c.in[0], p, c.count, x.data());
  const auto coefficient = [&](uint32_t k, float* to) { load_floats({c.in[1].p + k * size_of(p), 0}, p, c.count, to); };
  coefficient(i.opd1_n - 1, sum.data());
  for (uint32_t k = i.opd1_n - 1; k-- > 0;) {
    float_rows(FloatOp::Mul, sum.data(), x.data(), sum.data(), c.count);
    round_to(p, c.count, sum.data());
    coefficient(k, term.data());
    float_rows(FloatOp::Add, sum.data(), term.data(), sum.data(), c.count);
    round_to(p, c.count, sum.data());
  }
  store_floats(c.out[0], i.res0_prec, c.count, sum.data());
}

// To a power of two: the exponent field, one more for positive values whose mantissa is about 4/3 or above.
void normalize_chunk(const Sfu& i, const Chunk& c) {
  const Prec p = i.opd0_prec;
  const int mantissa_bits = p == Prec::F32 ? 23 : p == Prec::F16 ? 10 : 7;
  const uint32_t threshold = p == Prec::F32 ? 0x2AAAAC : p == Prec::F16 ? 0x156 : 0x2C;
  const uint32_t sign = uint32_t{1} << (8 * size_of(p) - 1), mantissa = (uint32_t{1} << mantissa_bits) - 1;
  Bits x;
  load_bits(c.in[0], p, c.count, x.data());
  for (size_t k = 0; k < c.count; ++k) {
    const uint32_t magnitude = x[k] & (sign - 1);
    const bool up = (x[k] & sign) == 0 && (x[k] & mantissa) >= threshold;
    const uint32_t e = magnitude == 0 ? 0 : (magnitude >> mantissa_bits) + (up ? 1 : 0);
    x[k] = is_float(i.res0_prec) ? ((e << mantissa_bits) & (sign - 1)) | (x[k] & sign) : e;
  }
  store_bits(c.out[0], i.res0_prec, c.count, x.data());
}

void rsqrt_chunk(const Sfu& i, const Chunk& c) {
  Floats x;
  load_floats(c.in[0], i.opd0_prec, c.count, x.data());
  const int iterations = static_cast<int>(i.opd2_n_str & 3) + 1;
  for (size_t k = 0; k < c.count; ++k) x[k] = newton_rsqrt(x[k], iterations);
  store_floats(c.out[0], i.res0_prec, c.count, x.data());
}

}  // namespace

void exec(const TiuContext& context, const RqDq& i) {
  const OperandViews& v = context.views;
  ElementLoop loop(context, *v.res);
  loop.add({v.a, 0});
  const QuantParams constant = constant_params(i);
  loop.run([&](const Chunk& c) {
    quant_chunk(i, v.b ? channel_params(i, context.src + v.b->at(0, c.channel)) : constant, c);
  });
}

void exec(const TiuContext& context, const Sfu& i) {
  const OperandViews& v = context.views;
  ElementLoop loop(context, *v.res);
  loop.add({v.a, 0});
  loop.run([&](Chunk c) {
    switch (i.eu) {
      case SfuOp::Taylor4x:
      case SfuOp::Taylor:
        c.in[1] = {context.src + v.b->at(0, c.channel % kLaneCount), 0};
        return taylor_chunk(i, c);
      case SfuOp::Normalize:
        return normalize_chunk(i, c);
      case SfuOp::Rsqrt:
        return rsqrt_chunk(i, c);
    }
  });
}

}  // namespace tpuc::bm1684x
