// add, sub, mul, div, min, max with numpy broadcasting.   source: TIU.md section 3
// f32, f16, bf16: one rounding in the operands' type. div: f32 with four rounds of the reciprocal iteration, relative
// error 2.5e-7 (COOKBOOK.md section 3); halves are widened and rounded once.
#include "ops/eltwise.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t kDivRounds = 3;  // the field holds rounds - 1

// A constant of one element becomes a number in the command.
bool is_immediate(const Op& op, size_t i) {
  return op.in(i)->is_constant() && element_count(op.in(i)->type) == 1 && !(i == 1 && is_immediate(op, 0));
}

std::optional<Views> try_views(const Op& op) {
  std::vector<const Dims*> in;
  for (size_t i = 0; i < 2; ++i) in.push_back(is_immediate(op, i) ? nullptr : &op.in(i)->type.dims);
  return broadcast_views(op.out(0)->type.dims, in);
}

Support common_support(const Op& op) {
  const Dims& out = op.out(0)->type.dims;
  if (!try_views(op))
    return {false, fmt::format("{} and {} broadcast over more than four groups of axes, or leave extents above 65535",
                               to_string(op.in(0)->type.dims), to_string(op.in(1)->type.dims))};
  if (std::any_of(out.begin(), out.end(), [](int64_t d) { return d == 0; }))
    return {false, "the result has no elements"};
  return {};
}

Support supports(const Op& op, DType) {
  const DType t = op.in(0)->type.dtype;
  if (!is_float(t) && t != DType::I32 && t != DType::I64) return {false, fmt::format("elements are {}", to_string(t))};
  return common_support(op);
}

Support supports_div(const Op& op, DType) {
  const DType t = op.in(0)->type.dtype;
  if (!is_float(t)) return {false, fmt::format("elements are {}, the chip divides floats", to_string(t))};
  return common_support(op);
}

Views views(const Op& op) { return try_views(op).value(); }

std::vector<Need> needs(const Op& op, const Region& out) {
  const Views v = views(op);
  std::vector<Need> n(2);
  for (size_t i = 0; i < 2; ++i)
    if (!is_immediate(op, i)) n[i] = broadcast_need(v.in[i], v.out, out);
  return n;
}

Footprint no_scratch(const Op&, const Region&) { return {}; }

Arg operand(const Op& op, const TileCtx& t, const std::vector<Need>& n, size_t i) {
  if (n[i].kind != Need::Kind::Nothing) return t.input(i, n[i].box);
  const Tensor& c = op.in(i)->tensor();
  if (is_integer(c.dtype())) return Arg::constant(static_cast<uint32_t>(c.to_i64()[0]));
  return Arg::real(t.out.prec, c.to_f64()[0]);
}

template <ArOp kOp>
void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const auto n = needs(op, t.region);
  e.ar(kOp, t.output(), operand(op, t, n, 0), operand(op, t, n, 1));
  if (op.is<ops::Add>()) apply_activation(op.attrs<ops::Add>().activation, t.output(), e);
}

// Scratch of the halves: dividend, divisor and quotient in f32.
Footprint div_footprint(const Op& op, const Region& out) {
  Footprint f;
  if (op.out(0)->type.dtype == DType::F32) return f;
  const auto n = needs(op, out);
  for (const Need& need : n) f.scratch.push_back(aligned_bytes(Prec::F32, need.box.extent));
  f.scratch.push_back(aligned_bytes(Prec::F32, out.extent));
  return f;
}

// A shared half is widened in every lane: as a tensor of 64 channels, one per lane.
Arg widened(const Op& op, const TileCtx& t, const std::vector<Need>& n, size_t i, Emitter& e) {
  if (n[i].kind == Need::Kind::Nothing) return Arg::f32(static_cast<float>(op.in(i)->tensor().to_f64()[0]));
  const LocalTensor in = t.input(i, n[i].box);
  if (n[i].kind == Need::Kind::Box) {
    const LocalTensor wide = aligned(t.scratch[i], Prec::F32, in.dims);
    e.cast(wide, in);
    return wide;
  }
  const LocalTensor wide = shared_row(t.scratch[i], Prec::F32, in.dims);
  const auto in_all_lanes = [](LocalTensor s) {
    s.shared = false;
    s.dims[1] = kLanes;
    return s;
  };
  e.cast(in_all_lanes(wide), in_all_lanes(in));
  return wide;
}

void emit_div(const Op& op, const TileCtx& t, Emitter& e) {
  const auto n = needs(op, t.region);
  const LocalTensor out = t.output();
  const ArOptions rounds{.rounding = kDivRounds};
  if (out.prec == Prec::F32) return e.ar(ArOp::Div, out, operand(op, t, n, 0), operand(op, t, n, 1), rounds);
  const LocalTensor quotient = aligned(t.scratch[2], Prec::F32, out.dims);
  const Arg a = widened(op, t, n, 0, e), b = widened(op, t, n, 1, e);
  e.ar(ArOp::Div, quotient, a, b, rounds);
  e.cast(out, quotient);
}

template <class S, ArOp kOp>
Kernel simple() {
  return {.op = S::kName,
          .supports = supports,
          .views = views,
          .axes = all_axes,
          .needs = needs,
          .footprint = no_scratch,
          .pack = nullptr,
          .emit = emit<kOp>,
          .emit_ddr = nullptr,
          .view_of = nullptr,
          .parts_of = nullptr};
}

}  // namespace

std::span<const Kernel> eltwise_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> k{simple<ops::Add, ArOp::Add>(), simple<ops::Sub, ArOp::Sub>(), simple<ops::Mul, ArOp::Mul>(),
                          simple<ops::Max, ArOp::Max>(), simple<ops::Min, ArOp::Min>(), simple<ops::Div, ArOp::Div>()};
    k.back().supports = supports_div;
    k.back().footprint = div_footprint;
    k.back().emit = emit_div;
    return k;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
