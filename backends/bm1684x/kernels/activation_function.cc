// exp, log, sqrt, sigmoid, silu, tanh, erf, gelu, ... : widened to f32 in local memory, computed by FloatMath, rounded
// once. Errors are those of activation_math.h; sqrt and reciprocal 2.5e-7 relative, gelu 1.1e-6 absolute (COOKBOOK.md
// section 3).
#include "backends/bm1684x/kernels/activation_function.h"

#include <cmath>

#include "backends/bm1684x/kernels/activation_math.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/activation.h"
#include "ops/eltwise.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

using Buf = FloatMath::Buf;

// x and out as the tile has them: in the tensors' type.
struct Call {
  const Op& op;
  LocalTensor x, out;
  FloatMath& m;
  Emitter& e;
  Buf wide_x() { return m.wide(x); }
  // out = a op b, rounded once.
  void finish(ArOp ar, const Arg& a, const Arg& b) {
    if (out.prec == Prec::F32) return e.ar(ar, out, a, b);
    const Buf r = m.ar(ar, a, b);
    e.cast(out, *r);
  }
  void finish(const Buf& r) {
    if (out.prec == Prec::F32) return e.copy(out, *r);
    e.cast(out, *r);
  }
};

void exp(Call c) { c.finish(c.m.exp(c.wide_x())); }
void log(Call c) { c.finish(c.m.log(c.wide_x())); }
void sigmoid(Call c) { c.finish(c.m.sigmoid(c.wide_x())); }
void tanh(Call c) { c.finish(c.m.tanh(c.wide_x())); }
void erf(Call c) { c.finish(c.m.erf(c.wide_x())); }

void silu(Call c) {
  const Buf s = c.m.sigmoid(c.wide_x());
  const Buf x = c.wide_x();
  c.finish(ArOp::Mul, s, x);
}

// x/2 * (1 + f), f odd
void half_x_times(Call c, const Buf& f) {
  Buf h;
  {
    const Buf x = c.wide_x();
    h = c.m.mul(x, Arg::f32(0.5f));
  }
  const Buf p = c.m.mul(h, f);
  c.finish(ArOp::Add, p, h);
}

void gelu(Call c) {
  Buf u;
  if (!c.op.attrs<ops::Gelu>().approximate) {
    {
      const Buf x = c.wide_x();
      u = c.m.mul(x, Arg::f32(0.70710678f));
    }
    return half_x_times(c, c.m.erf(std::move(u)));
  }
  Buf t;
  {
    const Buf x = c.wide_x();
    t = c.m.mul(x, x);
    u = c.m.mul(t, Arg::f32(0.7978845608f * 0.044715f));
    t = c.m.add(u, Arg::f32(0.7978845608f));
    u = c.m.mul(t, x);
  }
  t.drop();
  half_x_times(c, c.m.tanh(std::move(u)));
}

// sqrt(x) = x / sqrt(x): 0 stays 0, since the chip's 1/sqrt(0) is finite.
void sqrt(Call c) {
  Buf x = c.wide_x();
  if (!(*x).is_aligned()) {
    Buf copy = c.m.take();
    c.e.copy(*copy, *x);
    x = std::move(copy);
  }
  const Buf r = c.m.take();
  c.e.rsqrt(*r, *x);
  c.finish(ArOp::Mul, x, r);
}

void reciprocal(Call c) {
  const Buf x = c.wide_x();
  const Buf r = c.m.take();
  c.e.ar(ArOp::Div, *r, Arg::f32(1.0f), x, {.rounding = 3});
  c.finish(r);
}

void elu(Call c) {
  const float alpha = c.op.attrs<ops::Elu>().alpha;
  Buf low;
  {
    const Buf x = c.wide_x();
    low = c.m.ar(ArOp::Min, x, Arg::f32(0));
  }
  low = c.m.exp(std::move(low));
  low = c.m.sub(low, Arg::f32(1.0f));
  low = c.m.mul(low, Arg::f32(alpha));
  const Buf x = c.wide_x();
  const Buf high = c.m.ar(ArOp::Max, x, Arg::f32(0));
  c.finish(ArOp::Add, low, high);
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))
void softplus(Call c) {
  Buf t;
  {
    const Buf x = c.wide_x();
    const Buf minus = c.m.mul(x, Arg::f32(-1.0f));
    t = c.m.ar(ArOp::Min, x, minus);
  }
  t = c.m.exp(std::move(t));
  t = c.m.add(t, Arg::f32(1.0f));
  t = c.m.log(std::move(t));
  const Buf x = c.wide_x();
  const Buf high = c.m.ar(ArOp::Max, x, Arg::f32(0));
  c.finish(ArOp::Add, t, high);
}

// Through int32: values beyond 2^31 saturate.   source: COOKBOOK.md section 3
void through_int(Call c, uint32_t rounding) {
  const Buf x = c.wide_x();
  const Buf i = c.m.take(), r = c.m.take();
  c.e.cast((*i).as(Prec::I32), *x, rounding);
  c.e.cast(*r, (*i).as(Prec::I32));
  c.finish(r);
}
void floor(Call c) { through_int(c, 3); }
void ceil(Call c) { through_int(c, 4); }
void round(Call c) { through_int(c, 0); }

// clamp(x * huge, -1, 1): exact for 0 and every normal number, since 2^127 times the smallest one is 2.
void sign(Call c) {
  const Buf x = c.wide_x();
  const Buf t = c.m.mul(x, Arg::f32(0x1p127f));
  const Buf u = c.m.ar(ArOp::Min, t, Arg::f32(1));
  c.finish(ArOp::Max, u, Arg::f32(-1));
}

// r = x - n * pi for the nearest n (cos: n - 1/2), sin(r) with the sign of (-1)^n.
void circular(Call c, bool cosine) {
  constexpr float kMagic = 12582912.0f;
  Buf y, n;
  {
    const Buf x = c.wide_x();
    Buf t = c.m.mul(x, Arg::f32(0.31830989f));
    if (cosine) t = c.m.add(t, Arg::f32(0.5f));
    y = c.m.add(t, Arg::f32(kMagic));
    t.drop();
    n = c.m.sub(y, Arg::f32(kMagic));
    if (cosine) n = c.m.sub(n, Arg::f32(0.5f));
    Buf part = c.m.mul(n, Arg::f32(3.140625f));
    Buf r = c.m.sub(x, part);
    part = Buf();
    part = c.m.mul(n, Arg::f32(9.67653589793e-4f));
    n = c.m.sub(r, part);
  }
  Buf square = c.m.mul(n, n);
  Buf p = c.m.polynomial(Poly::Sin, square);
  square.drop();
  const Buf s = c.m.mul(n, p);
  n.drop();
  p.drop();
  const Buf sign_bits = c.m.bits(ArOp::LogicShift, y, Arg::constant(31));
  y.drop();
  c.finish(c.m.bits(ArOp::Xor, s, sign_bits));
}
void sin(Call c) { circular(c, false); }
void cos(Call c) { circular(c, true); }

// Whole exponents up to 8 by products (exact signs), halves by roots, others as exp(p * log(x)) for x > 0.
double exponent(const Op& op) { return op.in(1)->tensor().to_f64()[0]; }
constexpr double kMaxProducts = 8;
bool by_products(double p) { return p >= 1 && p <= kMaxProducts && p == std::floor(p); }

void pow(Call c) {
  const double p = exponent(c.op);
  if (p == 0.5) return sqrt(c);
  if (p == -1) return reciprocal(c);
  if (p == 2) return c.e.ar(ArOp::Mul, c.out, c.x, c.x);
  if (by_products(p)) {
    const Buf x = c.wide_x();
    Buf r(*x);
    for (int i = 1; i < static_cast<int>(p); ++i) r = c.m.mul(r, x);
    return c.finish(r);
  }
  Buf log = c.m.log(c.wide_x());
  Buf scaled = c.m.mul(log, Arg::f32(static_cast<float>(p)));
  log.drop();
  c.finish(c.m.exp(std::move(scaled)));
}

Support pow_support(const Op& op, DType precision) {
  if (!op.in(1)->is_constant() || element_count(op.in(1)->type) != 1)
    return {false, "the exponent is not one constant"};
  return one_operand_support(op, precision);
}

struct Function {
  std::string_view name;
  size_t buffers;  // scratch tensors, f32
  std::vector<Poly> fine, coarse;
  void (*emit)(Call);
};

const std::vector<Function>& functions() {
  static const std::vector<Function> kTable{
      {ops::Exp::kName, 4, {Poly::ExpFine}, {Poly::Exp2Coarse}, exp},
      {ops::Log::kName, 4, {Poly::Log}, {Poly::Log}, log},
      {ops::Sqrt::kName, 3, {}, {}, sqrt},
      {ops::Reciprocal::kName, 2, {}, {}, reciprocal},
      {ops::Sigmoid::kName, 4, {Poly::Exp2Fine}, {Poly::Exp2Coarse}, sigmoid},
      {ops::Silu::kName, 4, {Poly::Exp2Fine}, {Poly::Exp2Coarse}, silu},
      {ops::Tanh::kName, 5, {Poly::Tanh, Poly::TanhDivisor}, {Poly::Tanh, Poly::TanhDivisor}, tanh},
      {ops::Erf::kName, 5, {Poly::Erf, Poly::ErfDivisor}, {Poly::Erf, Poly::ErfDivisor}, erf},
      {ops::Gelu::kName,
       5,
       {Poly::Erf, Poly::ErfDivisor, Poly::Tanh, Poly::TanhDivisor},
       {Poly::Erf, Poly::ErfDivisor, Poly::Tanh, Poly::TanhDivisor},
       gelu},
      {ops::Elu::kName, 4, {Poly::ExpFine}, {Poly::Exp2Coarse}, elu},
      {ops::Softplus::kName, 4, {Poly::ExpFine, Poly::Log}, {Poly::Exp2Coarse, Poly::Log}, softplus},
      {ops::Pow::kName, 4, {Poly::ExpFine, Poly::Log}, {Poly::Exp2Coarse, Poly::Log}, pow},
      {ops::Floor::kName, 3, {}, {}, floor},
      {ops::Ceil::kName, 3, {}, {}, ceil},
      {ops::Round::kName, 3, {}, {}, round},
      {ops::Sign::kName, 4, {}, {}, sign},
      {ops::Sin::kName, 6, {Poly::Sin}, {Poly::Sin}, sin},
      {ops::Cos::kName, 6, {Poly::Sin}, {Poly::Sin}, cos},
  };
  return kTable;
}

const Function& function_of(const Op& op) {
  for (const Function& f : functions())
    if (f.name == op.name()) return f;
  TPUC_CHECK(false, "{} is not in the table of functions", op.name());
  return functions().front();
}

bool is_fine(const Op& op) { return op.out(0)->type.dtype == DType::F32; }
TableImage tables_of(const Op& op) { return {is_fine(op) ? function_of(op).fine : function_of(op).coarse}; }

Footprint footprint(const Op& op, const Region& out) {
  Footprint f;
  f.scratch.assign(function_of(op).buffers, aligned_bytes(Prec::F32, out.extent));
  f.image_bytes = tables_of(op).lane_bytes();
  return f;
}

std::vector<std::byte> pack(const Op& op, const Region&) { return tables_of(op).pack(); }

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  FloatMath m(e, t.scratch, t.region.extent, tables_of(op), t.image, is_fine(op));
  function_of(op).emit({op, t.input(0, t.region), t.output(), m, e});
}

}  // namespace

std::span<const Kernel> function_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> all;
    for (const Function& f : functions()) {
      all.push_back({.op = f.name,
                     .supports = f.name == ops::Pow::kName ? pow_support : one_operand_support,
                     .views = one_operand_views,
                     .axes = all_axes,
                     .needs = one_operand_needs,
                     .footprint = footprint,
                     .pack = f.fine.empty() ? nullptr : pack,
                     .emit = emit});
    }
    return all;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
