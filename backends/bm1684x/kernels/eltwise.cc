// add, sub, mul, div, min, max with numpy broadcasting.   source: TIU.md section 3
// f32, f16, bf16: one rounding in the operands' type; integers wrap. div: f32 with four rounds of the reciprocal
// iteration, relative error 2.5e-7 (COOKBOOK.md section 3); halves are widened and rounded once.
#include "ops/eltwise.h"

#include <fmt/core.h>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/eltwise_compare.h"
#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_remainder.h"
#include "backends/bm1684x/kernels/eltwise_select.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t kDivRounds = 3;  // the field holds rounds - 1

Support supports(const Op& op, DType) {
  const DType t = op.in(0)->type.dtype;
  if (!is_float(t) && t != DType::I32 && t != DType::I64) return {false, fmt::format("elements are {}", to_string(t))};
  return broadcast_support(op);
}

// The larger and the smaller one of bytes too: quantized values of one scale keep their order.
Support extreme_supports(const Op& op, DType precision) {
  const DType t = op.in(0)->type.dtype;
  return t == DType::I8 || t == DType::U8 ? broadcast_support(op) : supports(op, precision);
}

Footprint no_scratch(const Op&, const Region&) { return {}; }

template <ArOp kOp>
void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const auto n = broadcast_op_needs(op, t.region);
  const bool has_sign = op.in(0)->type.dtype != DType::U8;
  e.ar(kOp, t.output(), operand(op, t, n, 0), operand(op, t, n, 1),
       {.a_signed = has_sign, .b_signed = has_sign, .out_signed = has_sign});
  if (op.is<ops::Add>()) apply_activation(op.attrs<ops::Add>().activation, t.output(), e);
}

// Scratch of the halves: dividend, divisor and quotient in f32.
Footprint div_footprint(const Op& op, const Region& out) {
  if (!is_float(op.out(0)->type.dtype)) return remainder_footprint(op, out);
  Footprint f;
  if (op.out(0)->type.dtype == DType::F32) return f;
  for (const Need& need : broadcast_op_needs(op, out)) f.scratch.push_back(boxed_bytes(Prec::F32, need));
  f.scratch.push_back(aligned_bytes(Prec::F32, out.extent));
  return f;
}

void emit_div(const Op& op, const TileCtx& t, Emitter& e) {
  if (!is_float(op.out(0)->type.dtype)) return emit_integer_quotient(op, t, e);
  const auto n = broadcast_op_needs(op, t.region);
  const LocalTensor out = t.output();
  const ArOptions rounds{.rounding = kDivRounds};
  if (out.prec == Prec::F32) return e.ar(ArOp::Div, out, operand(op, t, n, 0), operand(op, t, n, 1), rounds);
  const LocalTensor quotient = aligned(t.scratch[2], Prec::F32, out.dims);
  const Arg a = widened(op, t, n, 0, t.scratch[0], e), b = widened(op, t, n, 1, t.scratch[1], e);
  e.ar(ArOp::Div, quotient, a, b, rounds);
  e.cast(out, quotient);
}

template <class S, ArOp kOp>
Kernel simple() {
  return {.op = S::kName,
          .supports = supports,
          .views = broadcast_op_views,
          .axes = all_axes,
          .needs = broadcast_op_needs,
          .footprint = no_scratch,
          .emit = emit<kOp>};
}

}  // namespace

std::span<const Kernel> eltwise_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> k{simple<ops::Add, ArOp::Add>(), simple<ops::Sub, ArOp::Sub>(), simple<ops::Mul, ArOp::Mul>(),
                          simple<ops::Max, ArOp::Max>(), simple<ops::Min, ArOp::Min>(), simple<ops::Div, ArOp::Div>()};
    k[3].supports = k[4].supports = extreme_supports;
    k.back().footprint = div_footprint;
    k.back().emit = emit_div;
    for (const Kernel& c : compare_kernels()) k.push_back(c);
    k.push_back(select_kernel());
    k.push_back(mod_kernel());
    return k;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
