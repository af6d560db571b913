// LIN, CMP and VC: linear combinations, comparisons with selection, vector with matrix.   source: TIU.md section 10
#include "backends/bm1684x/sim/element_ops.h"

namespace tpuc::bm1684x {
namespace {

using Ints = std::array<int64_t, kChunk>;
using Bits = std::array<uint32_t, kChunk>;
using Floats = std::array<float, kChunk>;

void linear_chunk(const Lin& i, const Chunk& c) {
  const Prec p = i.res0_prec;
  Floats a, b;
  load_floats(c.in[0], p, c.count, a.data());
  load_floats(c.in[1], p, c.count, b.data());
  if (i.eu == LinOp::Mac) {
    float_rows(FloatOp::Mul, a.data(), b.data(), a.data(), c.count);
    round_to(p, c.count, a.data());
    load_floats(c.in[2], p, c.count, b.data());
    float_rows(FloatOp::Add, a.data(), b.data(), a.data(), c.count);
  } else {
    float_rows(i.eu == LinOp::SquareSum ? FloatOp::Add : FloatOp::Sub, a.data(), b.data(), a.data(), c.count);
    round_to(p, c.count, a.data());
    float_rows(FloatOp::Mul, a.data(), a.data(), a.data(), c.count);
  }
  store_floats(c.out[0], p, c.count, a.data());
}

Compare condition(CmpOp op) {
  switch (op) {
    case CmpOp::GreaterAndSelect:
    case CmpOp::SelectGreater:
      return Compare::Greater;
    case CmpOp::SelectEqual:
      return Compare::Equal;
    case CmpOp::LessAndSelect:
    case CmpOp::SelectLess:
      return Compare::Less;
  }
  return Compare::Equal;
}

void select_bits(const Bits& truth, ConstRow yes, ConstRow no, Prec prec, bool flushes, size_t count, Row out) {
  Bits a, b;
  load_bits(yes, prec, count, a.data());
  load_bits(no, prec, count, b.data());
  for (size_t k = 0; k < count; ++k) a[k] = truth[k] != 0 ? a[k] : b[k];
  if (flushes) flush_denormals(prec, count, a.data());
  store_bits(out, prec, count, a.data());
}

void compare_chunk(const Cmp& i, const Chunk& c) {
  Bits truth;
  const bool is_signed = i.opd0_sign != 0;
  compare_rows(condition(i.eu), c.in[0], is_signed, c.in[1], is_signed, i.opd0_prec, c.count, truth.data());
  const bool both = i.eu == CmpOp::GreaterAndSelect || i.eu == CmpOp::LessAndSelect;
  if (!both) return select_bits(truth, c.in[2], c.in[3], i.opd2_prec, false, c.count, c.out[0]);
  select_bits(truth, c.in[0], c.in[1], i.opd0_prec, true, c.count, c.out[0]);
  select_bits(truth, c.in[2], c.in[3], i.opd2_prec, false, c.count, c.out[1]);
}

// ---- VC: in[0] is one element of the vector, repeated

void vector_floats(const Vc& i, const Chunk& c) {
  Floats a, b;
  load_floats(c.in[0], i.opd0_prec, c.count, a.data());
  load_floats(c.in[1], i.opd1_prec, c.count, b.data());
  const FloatOp op = i.eu == VcOp::Mul   ? FloatOp::Mul
                     : i.eu == VcOp::Add ? FloatOp::Add
                     : i.eu == VcOp::Div ? FloatOp::Div
                                         : FloatOp::Sub;
  constexpr int kDivIterations = 3;  // opd2_n_str does not change them here
  float_rows(op, a.data(), b.data(), a.data(), c.count, kDivIterations);
  store_floats(c.out[0], i.res0_prec, c.count, a.data());
}

void vector_ints(const Vc& i, const Chunk& c) {
  Ints a, b;
  load_ints(c.in[0], i.opd0_prec, i.opd0_sign != 0, c.count, a.data());
  load_ints(c.in[1], i.opd1_prec, i.opd1_sign != 0, c.count, b.data());
  IntOp op = IntOp::Sub;
  if (i.eu == VcOp::Mul || i.eu == VcOp::MulSat || i.eu == VcOp::MulDhr) op = IntOp::Mul;
  if (i.eu == VcOp::Add || i.eu == VcOp::AddSat) op = IntOp::Add;
  if (i.eu == VcOp::Max) op = IntOp::Max;
  if (i.eu == VcOp::Min) op = IntOp::Min;
  const bool saturates = i.eu == VcOp::AddSat || i.eu == VcOp::SubSat || i.eu == VcOp::MulSat || i.eu == VcOp::MulDhr;
  const bool wide = needs_wide_products(i.opd0_prec, i.opd0_sign != 0, i.opd1_prec, i.opd1_sign != 0);
  if (op == IntOp::Mul && (wide || i.eu == VcOp::MulDhr)) {
    Ints shift;
    shift.fill(i.eu == VcOp::MulDhr ? 1 - int64_t{8} * size_of(i.opd0_prec) : 0);
    wide_products(a.data(), b.data(), shift.data(), static_cast<Round>(i.opd2_n_str), saturates, c.count, a.data());
  } else {
    int_rows(op, a.data(), b.data(), a.data(), c.count);
  }
  const bool is_signed = (i.opd0_sign | i.opd1_sign) != 0 || i.eu == VcOp::SubSat || i.eu == VcOp::MulDhr;
  saturates ? store_saturated(c.out[0], i.res0_prec, is_signed, c.count, a.data())
            : store_ints(c.out[0], i.res0_prec, c.count, a.data());
}

void vector_bits(const Vc& i, const Chunk& c) {
  Bits a, b;
  load_bits(c.in[0], i.opd0_prec, c.count, a.data());
  load_bits(c.in[1], i.opd1_prec, c.count, b.data());
  const BitOp op = i.eu == VcOp::And ? BitOp::And : i.eu == VcOp::Or ? BitOp::Or : BitOp::Xor;
  bit_rows(op, a.data(), b.data(), a.data(), c.count);
  store_bits(c.out[0], i.res0_prec, c.count, a.data());
}

void vector_select(const Vc& i, const Chunk& c) {
  const Compare op = i.eu == VcOp::SelectGreater ? Compare::Greater
                     : i.eu == VcOp::SelectEqual ? Compare::Equal
                                                 : Compare::Less;
  Bits truth;
  compare_rows(op, c.in[0], i.opd0_sign != 0, c.in[1], i.opd1_sign != 0, i.opd0_prec, c.count, truth.data());
  for (size_t k = 0; k < c.count; ++k) truth[k] = truth[k] != 0 ? i.opd2_addr : 0;
  store_bits(c.out[0], i.res0_prec, c.count, truth.data());
}

void vector_chunk(const Vc& i, const Chunk& c) {
  switch (i.eu) {
    case VcOp::SelectGreater:
    case VcOp::SelectEqual:
    case VcOp::SelectLess:
      return vector_select(i, c);
    case VcOp::And:
    case VcOp::Or:
    case VcOp::Xor:
      return vector_bits(i, c);
    case VcOp::Max:
    case VcOp::Min:
      if (is_float(i.opd0_prec)) {
        Bits r;
        float_extreme(i.eu == VcOp::Max, c.in[0], c.in[1], i.opd0_prec, c.count, r.data());
        return store_bits(c.out[0], i.res0_prec, c.count, r.data());
      }
      return vector_ints(i, c);
    default:
      return is_float(i.opd0_prec) ? vector_floats(i, c) : vector_ints(i, c);
  }
}

}  // namespace

void exec(const TiuContext& context, const Lin& i) {
  const OperandViews& v = context.views;
  ElementLoop loop(context, *v.res);
  loop.add({v.a, 0});
  loop.add({v.b ? std::optional(repeat_per_channel(*v.b)) : std::nullopt, i.opd1_addr});
  loop.add({v.c ? std::optional(repeat_per_channel(*v.c)) : std::nullopt, i.opd2_addr});
  loop.run([&](const Chunk& c) { linear_chunk(i, c); });
}

void exec(const TiuContext& context, const Cmp& i) {
  const OperandViews& v = context.views;
  ElementLoop loop(context, *v.res, v.res1);
  loop.add({v.a, i.opd0_addr});
  loop.add({v.b, i.opd1_addr});
  loop.add({v.c, i.opd2_addr});
  loop.add({v.d, i.opd3_addr});
  loop.run([&](const Chunk& c) { compare_chunk(i, c); });
}

void exec(const TiuContext& context, const Vc& i) {
  const OperandViews& v = context.views;
  ElementLoop loop(context, *v.res);
  loop.add({std::nullopt, 0});
  TensorView matrix = *v.b;  // the same for every batch
  matrix.ns = 0;
  loop.add({matrix, 0});
  loop.run([&](Chunk c) {
    const uint64_t lane = c.batch / i.opd0_w, column = c.batch % i.opd0_w;
    c.in[0] = {context.src + v.a->at(0, lane) + column * v.a->elem_bytes, 0};
    vector_chunk(i, c);
  });
}

}  // namespace tpuc::bm1684x
