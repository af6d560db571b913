// y = b xor ((a xor b) and mask): only bit commands, which take operands that broadcast and move every value exactly,
// not-a-number and denormals included.   source: TIU.md section 3
#include "backends/bm1684x/kernels/eltwise_select.h"

#include <fmt/core.h>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/eltwise.h"

namespace tpuc::bm1684x {

namespace {

Prec bits_of(DType t) {
  switch (size_bytes(t)) {
    case 1:
      return Prec::I8;
    case 2:
      return Prec::I16;
    default:
      return Prec::I32;
  }
}

Support supports(const Op& op, DType) {
  const DType t = op.out(0)->type.dtype;
  if (t == DType::I4 || t == DType::U4) return {false, fmt::format("elements are {}", to_string(t))};
  return broadcast_support(op);
}

// 0: the mask in bytes; 1: in the elements' width; 2: a xor b; 3: the part of it that counts.
Footprint footprint(const Op& op, const Region& out) {
  const auto n = broadcast_op_needs(op, out);
  const Prec p = bits_of(op.out(0)->type.dtype);
  const int64_t whole = aligned_bytes(p, out.extent);
  const bool both_constant = is_immediate(op, 1) && is_immediate(op, 2);
  return {.scratch = {boxed_bytes(Prec::I8, n[0]), p == Prec::I8 ? 0 : boxed_bytes(p, n[0]), both_constant ? 0 : whole,
                      whole}};
}

// The condition's bytes 0 and 1 as no bits and all bits.
LocalTensor mask(const TileCtx& t, const Need& need, Prec p, Emitter& e) {
  const LocalTensor cond = t.input(0, need.box), bytes = boxed(t.scratch[0], Prec::I8, need);
  if (cond.shared)
    e.ar(ArOp::Sub, in_all_lanes(bytes), Arg::constant(0), in_all_lanes(cond));
  else
    e.ar(ArOp::Sub, bytes, Arg::constant(0), cond);
  if (p == Prec::I8) return bytes;
  const LocalTensor wide = boxed(t.scratch[1], p, need);
  cast_box(wide, bytes, e);
  return wide;
}

Arg as_bits(Arg a, Prec p) {
  if (!a.is_constant) a.tensor.prec = p;
  return a;
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const auto n = broadcast_op_needs(op, t.region);
  const Prec p = bits_of(op.out(0)->type.dtype);
  const LocalTensor out = t.output().as(p), m = mask(t, n[0], p, e);
  const Arg a = as_bits(operand(op, t, n, 1), p), b = as_bits(operand(op, t, n, 2), p);
  Arg difference = Arg::constant(a.bits ^ b.bits);
  if (!a.is_constant || !b.is_constant) {
    difference = aligned(t.scratch[2], p, out.dims);
    e.ar(ArOp::Xor, difference.tensor, a, b);
  }
  const LocalTensor counted = aligned(t.scratch[3], p, out.dims);
  e.ar(ArOp::And, counted, m, difference);
  e.ar(ArOp::Xor, out, counted, b);
}

}  // namespace

Kernel select_kernel() {
  return {.op = ops::Select::kName,
          .supports = supports,
          .views = broadcast_op_views,
          .axes = all_axes,
          .needs = broadcast_op_needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace tpuc::bm1684x
