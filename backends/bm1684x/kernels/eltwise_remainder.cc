// Division with remainder: a quotient in f32 rounded to a whole number, the remainder in the operands' type, and steps
// that put right what rounding left: exact for i32 above -2^31, for floats as exact as a - q * b is.
#include "backends/bm1684x/kernels/eltwise_remainder.h"

#include <fmt/core.h>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/eltwise.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t kTowardZero = 2, kDivRounds = 3;
constexpr uint32_t kSignBit = 0x80000000;
constexpr size_t kTensors = 7;  // of the result's shape, 32 bits each, after the two operands

bool is_int(const Op& op) { return !is_float(op.out(0)->type.dtype); }

Support supports(const Op& op, DType) {
  const DType t = op.in(0)->type.dtype;
  if (!is_float(t) && t != DType::I32 && t != DType::I64) return {false, fmt::format("elements are {}", to_string(t))};
  return broadcast_support(op);
}

// |a| = quotient * |b| + rest with 0 <= rest < |b|; all in f32, or in i32 with f32 estimates.
class Divider {
 public:
  Divider(const Op& op, const TileCtx& t, Emitter& e) : e_(&e), t_(&t), p_(is_int(op) ? Prec::I32 : Prec::F32) {
    const auto n = broadcast_op_needs(op, t.region);
    for (size_t i = 0; i < 2; ++i)
      operands_.push_back(is_int(op) ? operand(op, t, n, i) : widened(op, t, n, i, t.scratch[i], e));
    const LocalTensor b = buffer(1);
    e.unary(ArOp::Copy, b, operands_[1]);
    e.unary(ArOp::Abs, divisor(), b);
    e.unary(ArOp::Copy, b, operands_[0]);
    e.unary(ArOp::Abs, rest(), b);
    take(quotient());
    if (p_ == Prec::I32) {  // an estimate of a large quotient is off by up to 2^-22 of it: divide what is left again
      take(buffer(4));
      e.ar(ArOp::Add, quotient(), quotient(), buffer(4));
    }
    correct(ArOp::SelectGreater, zero(), rest(), 1);
    correct(ArOp::SelectLess, rest(), divisor(), 0);
  }

  LocalTensor divisor() const { return buffer(0); }
  LocalTensor quotient() const { return buffer(2); }
  LocalTensor rest() const { return buffer(3); }
  LocalTensor spare(size_t i) const { return buffer(4 + i); }
  const Arg& a() const { return operands_[0]; }
  const Arg& b() const { return operands_[1]; }
  Prec prec() const { return p_; }
  Arg zero() const { return Arg::constant(0); }
  Arg one() const { return p_ == Prec::I32 ? Arg::constant(1) : Arg::f32(1); }

 private:
  LocalTensor buffer(size_t i) const { return aligned(t_->scratch[2 + i], p_, t_->region.extent); }

  // q = whole part of rest / divisor; rest -= q * divisor.
  void take(const LocalTensor& q) {
    const LocalTensor x = buffer(5).as(Prec::F32), y = buffer(6).as(Prec::F32), whole = buffer(1).as(Prec::I32);
    const ArOptions rounds{.rounding = kDivRounds};
    if (p_ == Prec::I32) {
      e_->cast(x, rest());
      e_->cast(y, divisor());
      const LocalTensor ratio = whole.as(Prec::F32);
      e_->ar(ArOp::Div, ratio, x, y, rounds);
      e_->cast(q, ratio, kTowardZero);
    } else {
      e_->ar(ArOp::Div, x, rest(), divisor(), rounds);
      e_->cast(whole, x, kTowardZero);
      e_->cast(q, whole);
    }
    e_->ar(ArOp::Mul, y.as(p_), q, divisor());
    e_->ar(ArOp::Sub, x.as(p_), rest(), y.as(p_));
    e_->copy(rest(), x.as(p_));
  }

  // Where `x op y` is `when`: one more (rest below 0: divisor too small a part taken back) or one less.
  void correct(ArOp op, const Arg& x, const Arg& y, int when) {
    const LocalTensor flag = buffer(5), step = buffer(6), next = buffer(1);
    e_->select(op, flag, x, y, one().bits, true);
    const bool below = when == 1;
    if (!below) {  // "not less" as 1 - less
      e_->ar(ArOp::Sub, next, one(), flag);
      e_->copy(flag, next);
    }
    e_->ar(ArOp::Mul, step, flag, divisor());
    e_->ar(below ? ArOp::Add : ArOp::Sub, next, rest(), step);
    e_->copy(rest(), next);
    e_->ar(below ? ArOp::Sub : ArOp::Add, next, quotient(), flag);
    e_->copy(quotient(), next);
  }

  Emitter* e_;
  const TileCtx* t_;
  Prec p_;
  std::vector<Arg> operands_;
};

void finish(const LocalTensor& out, const LocalTensor& x, Emitter& e) {
  out.prec == x.prec ? e.copy(out, x) : e.cast(out, x);
}

// x with the sign of s; zero stays zero.
void give_sign(const Divider& d, const LocalTensor& out, const LocalTensor& x, const Arg& s, Emitter& e) {
  const LocalTensor flag = d.spare(1), twice = d.spare(2);
  if (d.prec() == Prec::F32) {
    e.unary(ArOp::Copy, flag, s);
    e.ar(ArOp::And, twice.as(Prec::I32), flag.as(Prec::I32), Arg::constant(kSignBit));
    return e.ar(ArOp::Or, out.as(Prec::I32), x.as(Prec::I32), twice.as(Prec::I32));
  }
  e.unary(ArOp::Copy, twice, s);  // a command compares at least one tensor
  e.select(ArOp::SelectGreater, flag, Arg::constant(0), twice, 2, true);
  e.ar(ArOp::Mul, twice, flag, x);
  e.ar(ArOp::Sub, out, x, twice);
}

void emit_mod(const Op& op, const TileCtx& t, Emitter& e) {
  const Divider d(op, t, e);
  const LocalTensor signed_rest = d.spare(0);
  give_sign(d, signed_rest, d.rest(), d.a(), e);
  if (op.attrs<ops::Mod>().fmod) return finish(t.output(), signed_rest, e);
  // The sign of b: where rest is not 0 and the signs differ, b is added.
  const LocalTensor a_below = d.spare(1), b_below = d.spare(2), differs = d.quotient(), some = d.divisor();
  e.select(ArOp::SelectGreater, a_below, d.zero(), signed_rest, d.one().bits, true);
  e.unary(ArOp::Copy, differs, d.b());
  e.select(ArOp::SelectGreater, b_below, d.zero(), differs, d.one().bits, true);
  e.ar(ArOp::Xor, differs.as(Prec::I32), a_below.as(Prec::I32), b_below.as(Prec::I32));
  e.select(ArOp::SelectGreater, some, d.rest(), d.zero(), d.one().bits, true);
  e.ar(ArOp::And, a_below.as(Prec::I32), differs.as(Prec::I32), some.as(Prec::I32));
  e.ar(ArOp::Mul, b_below, a_below, d.b());
  e.ar(ArOp::Add, d.quotient(), signed_rest, b_below);
  finish(t.output(), d.quotient(), e);
}

}  // namespace

Footprint remainder_footprint(const Op& op, const Region& out) {
  Footprint f;
  for (const Need& need : broadcast_op_needs(op, out)) {
    const bool is_half_type = is_float(op.out(0)->type.dtype) && op.out(0)->type.dtype != DType::F32;
    f.scratch.push_back(is_half_type ? boxed_bytes(Prec::F32, need) : 0);
  }
  f.scratch.insert(f.scratch.end(), kTensors, aligned_bytes(Prec::F32, out.extent));
  return f;
}

void emit_integer_quotient(const Op& op, const TileCtx& t, Emitter& e) {
  const Divider d(op, t, e);
  const LocalTensor by_a = d.spare(0);
  give_sign(d, by_a, d.quotient(), d.a(), e);
  give_sign(d, d.rest(), by_a, d.b(), e);
  e.copy(t.output(), d.rest());
}

Kernel mod_kernel() {
  return {.op = ops::Mod::kName,
          .supports = supports,
          .views = broadcast_op_views,
          .axes = all_axes,
          .needs = broadcast_op_needs,
          .footprint = remainder_footprint,
          .emit = emit_mod};
}

}  // namespace tpuc::bm1684x
