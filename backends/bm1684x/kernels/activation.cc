// Activations that compute in the elements' own type: a few AR commands.   source: TIU.md section 3
// Exact, or one rounding per command in f16 and bf16. The functions that need polynomials are in
// activation_function.cc.
#include "ops/activation.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_function.h"
#include "backends/bm1684x/kernels/activation_prelu.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::bm1684x {

namespace {

// One tensor of the result's type and shape beside it, so that no command works in place (which costs double).
Footprint one_scratch(const Op& op, const Region& out) {
  return {.scratch = {aligned_bytes(prec_of(op.out(0)->type.dtype), out.extent)}};
}
Footprint no_scratch(const Op&, const Region&) { return {}; }

bool is_byte(DType t) { return t == DType::I8 || t == DType::U8; }

// Whole bounds of a clip of bytes, as the reference truncates them; nothing where the type ends before.
struct ByteBounds {
  std::optional<int32_t> min, max;
};
ByteBounds byte_bounds(const Op& op) {
  const auto& a = op.attrs<ops::Clip>();
  const bool is_signed = op.in(0)->type.dtype == DType::I8;
  ByteBounds b;
  if (a.min > static_cast<float>(lowest_of(8, is_signed))) b.min = static_cast<int32_t>(a.min);
  if (a.max < static_cast<float>(highest_of(8, is_signed))) b.max = static_cast<int32_t>(a.max);
  return b;
}

// relu and clip take bytes too: bounds of quantized values are quantized.
Support bounded_support(const Op& op, DType precision) {
  const TensorType& x = op.in(0)->type;
  if (!is_byte(x.dtype)) return one_operand_support(op, precision);
  if (!op.is<ops::Clip>()) return {};
  const ByteBounds b = byte_bounds(op);
  for (const auto& bound : {b.min, b.max})
    if (bound && saturate(*bound, 8, x.dtype == DType::I8) != *bound)
      return {false, fmt::format("the bound {} is no {}", *bound, to_string(x.dtype))};
  return {};
}

LocalTensor scratch(const TileCtx& t) { return aligned(t.scratch[0], t.out.prec, t.region.extent); }
Arg real(const TileCtx& t, double value) { return Arg::real(t.out.prec, value); }

ArOptions signs_of(const Op& op) {
  const bool has_sign = op.in(0)->type.dtype != DType::U8;
  return {.a_signed = has_sign, .b_signed = has_sign, .out_signed = has_sign};
}

void emit_relu(const Op& op, const TileCtx& t, Emitter& e) {
  e.ar(ArOp::Max, t.output(), t.input(0, t.region), Arg::constant(0), signs_of(op));  // 0 has no bits in any type
}
void emit_abs(const Op&, const TileCtx& t, Emitter& e) { e.unary(ArOp::Abs, t.output(), t.input(0, t.region)); }
void emit_neg(const Op&, const TileCtx& t, Emitter& e) {
  e.ar(ArOp::Mul, t.output(), t.input(0, t.region), real(t, -1));
}

void emit_byte_clip(const Op& op, const TileCtx& t, Emitter& e) {
  const ByteBounds b = byte_bounds(op);
  const LocalTensor x = t.input(0, t.region), out = t.output();
  const auto bits = [](int32_t v) { return Arg::constant(static_cast<uint32_t>(v)); };
  if (!b.min && !b.max) return e.copy(out, x);
  if (!b.max) return e.ar(ArOp::Max, out, x, bits(*b.min), signs_of(op));
  if (!b.min) return e.ar(ArOp::Min, out, x, bits(*b.max), signs_of(op));
  e.ar(ArOp::Max, scratch(t), x, bits(*b.min), signs_of(op));
  e.ar(ArOp::Min, out, scratch(t), bits(*b.max), signs_of(op));
}

void emit_clip(const Op& op, const TileCtx& t, Emitter& e) {
  if (is_byte(op.in(0)->type.dtype)) return emit_byte_clip(op, t, e);
  const auto& a = op.attrs<ops::Clip>();
  const LocalTensor x = t.input(0, t.region), out = t.output();
  const bool has_min = a.min > std::numeric_limits<float>::lowest(),
             has_max = a.max < std::numeric_limits<float>::max();
  if (!has_max) return e.ar(ArOp::Max, out, x, real(t, a.min));
  if (!has_min) return e.ar(ArOp::Min, out, x, real(t, a.max));
  e.ar(ArOp::Max, scratch(t), x, real(t, a.min));
  e.ar(ArOp::Min, out, scratch(t), real(t, a.max));
}

void emit_leaky_relu(const Op& op, const TileCtx& t, Emitter& e) {
  const double alpha = op.attrs<ops::LeakyRelu>().alpha;
  const LocalTensor x = t.input(0, t.region);
  e.ar(ArOp::Mul, scratch(t), x, real(t, alpha));
  e.ar(alpha <= 1 ? ArOp::Max : ArOp::Min, t.output(), x, scratch(t));
}

void hard_sigmoid(const LocalTensor& out, const LocalTensor& x, const LocalTensor& other, double alpha, double beta,
                  Emitter& e) {
  const Prec p = out.prec;
  e.ar(ArOp::Mul, out, x, Arg::real(p, alpha));
  e.ar(ArOp::Add, other, out, Arg::real(p, beta));
  e.ar(ArOp::Max, out, other, Arg::real(p, 0));
  e.ar(ArOp::Min, other, out, Arg::real(p, 1));
}

void emit_hard_sigmoid(const Op& op, const TileCtx& t, Emitter& e) {
  const auto& a = op.attrs<ops::HardSigmoid>();
  const LocalTensor out = t.output(), s = scratch(t);
  hard_sigmoid(s, t.input(0, t.region), out, a.alpha, a.beta, e);
}

void emit_hard_swish(const Op&, const TileCtx& t, Emitter& e) {
  const LocalTensor x = t.input(0, t.region), out = t.output(), s = scratch(t);
  hard_sigmoid(out, x, s, 1.0 / 6, 0.5, e);
  e.ar(ArOp::Mul, out, s, x);
}

Kernel simple(std::string_view name, Footprint (*footprint)(const Op&, const Region&),
              void (*emit)(const Op&, const TileCtx&, Emitter&)) {
  return {.op = name,
          .supports = one_operand_support,
          .views = one_operand_views,
          .axes = all_axes,
          .needs = one_operand_needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> activation_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> all{simple(ops::Relu::kName, no_scratch, emit_relu),
                            simple(ops::Abs::kName, no_scratch, emit_abs),
                            simple(ops::Neg::kName, no_scratch, emit_neg),
                            simple(ops::Clip::kName, one_scratch, emit_clip),
                            simple(ops::LeakyRelu::kName, one_scratch, emit_leaky_relu),
                            simple(ops::HardSigmoid::kName, one_scratch, emit_hard_sigmoid),
                            simple(ops::HardSwish::kName, one_scratch, emit_hard_swish),
                            prelu_kernel()};
    for (Kernel& k : all)
      if (k.op == ops::Relu::kName || k.op == ops::Clip::kName) k.supports = bounded_support;
    for (const Kernel& k : function_kernels()) all.push_back(k);
    return all;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
