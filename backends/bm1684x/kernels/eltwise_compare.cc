// Comparisons by the select commands of AR, logic by its bit commands; exact.   source: TIU.md section 3
// SelectLess is "not (a >= b)", true where either is not a number: its opposite is the ordered a >= b.
#include "backends/bm1684x/kernels/eltwise_compare.h"

#include <fmt/core.h>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/eltwise.h"

namespace tpuc::bm1684x {

namespace {

// The command, which operand comes first, and whether its answer is turned round.
struct Relation {
  ArOp op;
  bool swaps, negates;
};

Relation relation_of(const Op& op) {
  if (op.is<ops::Equal>()) return {ArOp::SelectEqual, false, false};
  if (op.is<ops::Greater>()) return {ArOp::SelectGreater, false, false};
  if (op.is<ops::Less>()) return {ArOp::SelectGreater, true, false};
  return {ArOp::SelectLess, op.is<ops::LessOrEqual>(), true};
}

Support compare_support(const Op& op, DType) {
  const DType t = op.in(0)->type.dtype;
  if (t == DType::I4 || t == DType::U4) return {false, fmt::format("elements are {}", to_string(t))};
  return broadcast_support(op);
}
Support logic_support(const Op& op, DType) { return broadcast_support(op); }

// The answer before it is turned round.
Footprint compare_footprint(const Op& op, const Region& out) {
  Footprint f;
  if (relation_of(op).negates) f.scratch.push_back(aligned_bytes(Prec::I8, out.extent));
  return f;
}
Footprint no_scratch(const Op&, const Region&) { return {}; }

void emit_compare(const Op& op, const TileCtx& t, Emitter& e) {
  const Relation r = relation_of(op);
  const auto n = broadcast_op_needs(op, t.region);
  const DType type = op.in(0)->type.dtype;
  const Arg a = operand(op, t, n, r.swaps ? 1 : 0), b = operand(op, t, n, r.swaps ? 0 : 1);
  const LocalTensor out = t.output();
  const LocalTensor answer = r.negates ? aligned(t.scratch[0], out.prec, out.dims) : out;
  e.select(r.op, answer, a, b, 1, is_float(type) || is_signed(type));
  if (r.negates) e.ar(ArOp::Xor, out, answer, Arg::constant(1));
}

template <ArOp kOp>
void emit_logic(const Op& op, const TileCtx& t, Emitter& e) {
  const auto n = broadcast_op_needs(op, t.region);
  e.ar(kOp, t.output(), operand(op, t, n, 0), operand(op, t, n, 1));
}

void emit_not(const Op&, const TileCtx& t, Emitter& e) {
  e.ar(ArOp::Xor, t.output(), t.input(0, t.region), Arg::constant(1));
}

Kernel kernel(std::string_view name, Support (*supports)(const Op&, DType),
              Footprint (*footprint)(const Op&, const Region&), void (*emit)(const Op&, const TileCtx&, Emitter&)) {
  return {.op = name,
          .supports = supports,
          .views = broadcast_op_views,
          .axes = all_axes,
          .needs = broadcast_op_needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> compare_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> all;
    for (const std::string_view name : {ops::Equal::kName, ops::Less::kName, ops::Greater::kName,
                                        ops::LessOrEqual::kName, ops::GreaterOrEqual::kName})
      all.push_back(kernel(name, compare_support, compare_footprint, emit_compare));
    all.push_back(kernel(ops::And::kName, logic_support, no_scratch, emit_logic<ArOp::And>));
    all.push_back(kernel(ops::Or::kName, logic_support, no_scratch, emit_logic<ArOp::Or>));
    all.push_back(kernel(ops::Xor::kName, logic_support, no_scratch, emit_logic<ArOp::Xor>));
    all.push_back(kernel(ops::Not::kName, logic_support, no_scratch, emit_not));
    return all;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
