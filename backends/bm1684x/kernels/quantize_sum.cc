// weighted_sum and scaled_product: products and sums of integers, requantized; bit-exact. The narrowest integers that
// hold every value are chosen from the operands' ranges, since a 32-bit pass takes twice the time of a 16-bit one. A
// scale of 2^-k without an offset is a shift of the last command, and the requantization falls away.
//   source: TIU.md sections 3 and 6, COOKBOOK.md section 7
#include "backends/bm1684x/kernels/quantize_sum.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/quantize.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::bm1684x {

namespace {

// All values from low to high; 0 is one of them.
struct Range {
  int64_t low = 0, high = 0;
  bool fits(int bits, bool is_signed) const {
    return low >= lowest_of(bits, is_signed) && high <= highest_of(bits, is_signed);
  }
};
Range range_of(DType t) { return {lowest_of(8, is_signed(t)), highest_of(8, is_signed(t))}; }
Range operator*(const Range& a, const Range& b) {
  const auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}
Range operator*(const Range& a, int64_t m) {
  return m < 0 ? Range{a.high * m, a.low * m} : Range{a.low * m, a.high * m};
}

// k where the result is the integer times 2^-k and nothing else. exact: below 2^24 neither f32 step rounds, so the
// command's shift with ties to even gives the same.
std::optional<int> plain_shift(float scale, float offset) {
  constexpr int kMost = 30;
  int exponent = 0;
  if (offset != 0 || std::frexp(scale, &exponent) != 0.5F || exponent > 1 || exponent < 1 - kMost) return std::nullopt;
  return 1 - exponent;
}

Arg number(int64_t v, Prec p) {
  const uint64_t mask = (uint64_t{1} << 8 * size_of(p)) - 1;
  return Arg::constant(static_cast<uint32_t>(static_cast<uint64_t>(v) & mask));
}

bool gives_i8(const Op& op) { return op.out(0)->type.dtype == DType::I8; }

// How a weighted sum is computed.
struct SumPlan {
  enum class Way : uint8_t {
    Shift,       // one input: a product that is shifted
    ShiftedSum,  // products, all but the last one added up; the last sum is shifted
    Requantize   // products added up, then requantized
  } way = Way::Requantize;
  Prec prec = Prec::I32;
  bool is_signed = true;      // of 16-bit products and sums
  int shift = 0;              // right
  std::vector<size_t> order;  // inputs; those that one command multiplies and adds come last
};

struct Sum {
  const Op& op;
  const ops::WeightedSum::Attrs& a = op.attrs<ops::WeightedSum>();
  size_t count = op.in().size();

  bool input_signed(size_t i) const { return is_signed(op.in(i)->type.dtype); }
  Range product(size_t i) const { return range_of(op.in(i)->type.dtype) * a.multipliers[i]; }
  bool is_unsigned() const {
    for (size_t i = 0; i < count; ++i)
      if (input_signed(i) || a.multipliers[i] < 0) return false;
    return true;
  }
  // The sum of the first `terms` inputs of `order`, and with it each sum before.
  Range sum(const std::vector<size_t>& order, size_t terms) const {
    Range r;
    for (size_t k = 0; k < terms; ++k) r = {r.low + product(order[k]).low, r.high + product(order[k]).high};
    return r;
  }
};

// The saturating commands give unsigned results of unsigned operands, signed ones of others.
std::optional<SumPlan> shifting_plan(const Sum& s, SumPlan p) {
  const auto shift = plain_shift(s.a.scale, s.a.offset);
  p.is_signed = gives_i8(s.op);
  if (!shift || (!p.is_signed && !s.is_unsigned())) return std::nullopt;
  p.shift = *shift;
  p.prec = Prec::I16;
  p.way = s.count == 1 ? SumPlan::Way::Shift : SumPlan::Way::ShiftedSum;
  if (s.count == 1) {
    const int64_t m = s.a.multipliers[0];
    return m == saturate(m, 16, p.is_signed) ? std::optional(p) : std::nullopt;
  }
  const Range last = s.product(p.order.back());
  if (!last.fits(16, p.is_signed) || !s.sum(p.order, s.count - 1).fits(16, p.is_signed)) return std::nullopt;
  return p;
}

SumPlan plan_of(const Sum& s) {
  SumPlan p;
  p.order.resize(s.count);
  std::iota(p.order.begin(), p.order.end(), 0);
  std::stable_sort(p.order.begin(), p.order.end(),
                   [&](size_t i, size_t j) { return std::abs(s.a.multipliers[i]) > std::abs(s.a.multipliers[j]); });
  if (const auto shifting = shifting_plan(s, p)) return *shifting;
  p.is_signed = !s.is_unsigned();
  if (s.sum(p.order, s.count).fits(16, p.is_signed)) p.prec = Prec::I16;
  if (p.prec == Prec::I32) p.is_signed = true;
  return p;
}

// A term that one command multiplies and adds.
bool is_accumulated(const Sum& s, const SumPlan& p, size_t k) {
  const int64_t m = s.a.multipliers[p.order[k]];
  const bool is_last_sum = p.way == SumPlan::Way::ShiftedSum && k + 1 == s.count;
  return k > 0 && p.prec == Prec::I16 && !is_last_sum && m == saturate(m, 8, p.is_signed);
}

// Scratch 0 and 1: sums in turn, since adding in place takes twice the time; 2: a product.
Footprint sum_footprint(const Op& op, const Region& out) {
  const Sum s{op};
  const SumPlan p = plan_of(s);
  Footprint f{.scratch = {0, 0, 0}};
  if (p.way == SumPlan::Way::Shift) return f;
  const auto needs = broadcast_op_needs(op, out);
  f.scratch[0] = aligned_bytes(p.prec, out.extent);
  for (size_t k = 1; k < s.count; ++k) {
    if (is_accumulated(s, p, k)) continue;
    if (p.way == SumPlan::Way::Requantize || k + 1 < s.count) f.scratch[1] = f.scratch[0];
    f.scratch[2] = std::max(f.scratch[2], boxed_bytes(p.prec, needs[p.order[k]]));
  }
  return f;
}

class SumEmitter {
 public:
  SumEmitter(const Op& op, const TileCtx& t, Emitter& e)
      : s_{op}, p_(plan_of(s_)), t_(t), e_(e), out_(t.output()), needs_(broadcast_op_needs(op, t.region)) {}

  void run() {
    if (p_.way == SumPlan::Way::Shift) return multiply(out_, 0, ArOp::MulSat, -p_.shift);
    LocalTensor sum = aligned(t_.scratch[0], p_.prec, out_.dims), other = aligned(t_.scratch[1], p_.prec, out_.dims);
    multiply(sum, 0, ArOp::Mul, 0);
    for (size_t k = 1; k < s_.count; ++k) {
      if (is_accumulated(s_, p_, k)) {
        e_.mac(sum, input(k), number(multiplier(k), Prec::I8), signs(k));
        continue;
      }
      const LocalTensor product = boxed(t_.scratch[2], p_.prec, needs_[p_.order[k]]);
      multiply(product, k, ArOp::Mul, 0);
      const bool is_last = p_.way == SumPlan::Way::ShiftedSum && k + 1 == s_.count;
      e_.ar(is_last ? ArOp::AddSat : ArOp::Add, is_last ? out_ : other, sum, product,
            {.a_signed = p_.is_signed, .b_signed = p_.is_signed, .shift = is_last ? -p_.shift : 0});
      std::swap(sum, other);
    }
    if (p_.way == SumPlan::Way::Requantize)
      e_.requantize(out_, sum, s_.a.scale, s_.a.offset, {.in_signed = p_.is_signed, .out_signed = gives_i8(s_.op)});
  }

 private:
  int64_t multiplier(size_t k) const { return s_.a.multipliers[p_.order[k]]; }
  LocalTensor input(size_t k) const { return t_.input(p_.order[k], needs_[p_.order[k]].box); }
  ArOptions signs(size_t k) const { return {.a_signed = s_.input_signed(p_.order[k]), .b_signed = p_.is_signed}; }

  // A product of the operand's own box in all lanes where it is shared; into a larger result it is repeated.
  void multiply(const LocalTensor& to, size_t k, ArOp op, int shift) {
    ArOptions o = signs(k);
    o.b_prec = p_.prec;
    o.shift = shift;
    const LocalTensor x = input(k);
    const Arg m = number(multiplier(k), p_.prec);
    to.shared ? e_.ar(op, in_all_lanes(to), in_all_lanes(x), m, o) : e_.ar(op, to, x, m, o);
  }

  Sum s_;
  SumPlan p_;
  const TileCtx& t_;
  Emitter& e_;
  LocalTensor out_;
  std::vector<Need> needs_;
};

void emit_sum(const Op& op, const TileCtx& t, Emitter& e) { SumEmitter(op, t, e).run(); }

// One side of a product: the bytes, or what remains of them less the zero point in 16 bits.
struct Factor {
  Prec prec = Prec::I8;
  bool is_signed = true;
  Range range;
  int64_t zero = 0;
};
Factor factor_of(const Op& op, size_t i) {
  const auto& a = op.attrs<ops::ScaledProduct>();
  const int64_t zero = i == 0 ? a.zero_a : a.zero_b;
  const DType t = op.in(i)->type.dtype;
  const Range r = range_of(t);
  if (zero == 0) return {Prec::I8, is_signed(t), r, 0};
  return {Prec::I16, true, {r.low - zero, r.high - zero}, zero};
}

struct ProductPlan {
  std::optional<int> shift;  // right, of the product that is the result
  Prec prec = Prec::I32;     // else of the product, which is requantized
  bool is_signed = true;
  Factor a, b;
};
ProductPlan product_plan(const Op& op) {
  const auto& attrs = op.attrs<ops::ScaledProduct>();
  ProductPlan p;
  p.a = factor_of(op, 0), p.b = factor_of(op, 1);
  p.is_signed = p.a.is_signed || p.b.is_signed;
  if (p.is_signed == gives_i8(op)) p.shift = plain_shift(attrs.scale, attrs.offset);
  if ((p.a.range * p.b.range).fits(16, p.is_signed)) p.prec = Prec::I16;
  return p;
}

// Scratch 0, 1: factors less their zero points; 2: the product.
Footprint product_footprint(const Op& op, const Region& out) {
  const ProductPlan p = product_plan(op);
  const auto needs = broadcast_op_needs(op, out);
  return {.scratch = {p.a.zero == 0 ? 0 : boxed_bytes(Prec::I16, needs[0]),
                      p.b.zero == 0 ? 0 : boxed_bytes(Prec::I16, needs[1]),
                      p.shift ? 0 : aligned_bytes(p.prec, out.extent)}};
}

LocalTensor factor(const Op& op, const Factor& f, const TileCtx& t, const Need& need, size_t i, Emitter& e) {
  const LocalTensor x = t.input(i, need.box);
  if (f.zero == 0) return x;
  const LocalTensor difference = boxed(t.scratch[i], Prec::I16, need);
  const ArOptions o{.a_signed = is_signed(op.in(i)->type.dtype), .b_prec = Prec::I16};
  const Arg zero = number(f.zero, Prec::I16);
  x.shared ? e.ar(ArOp::Sub, in_all_lanes(difference), in_all_lanes(x), zero, o)
           : e.ar(ArOp::Sub, difference, x, zero, o);
  return difference;
}

void emit_product(const Op& op, const TileCtx& t, Emitter& e) {
  const auto& attrs = op.attrs<ops::ScaledProduct>();
  const ProductPlan p = product_plan(op);
  const auto needs = broadcast_op_needs(op, t.region);
  const LocalTensor a = factor(op, p.a, t, needs[0], 0, e), b = factor(op, p.b, t, needs[1], 1, e), out = t.output();
  ArOptions o{.a_signed = p.a.is_signed, .b_signed = p.b.is_signed};
  if (p.shift) {
    o.shift = -*p.shift;
    return e.ar(ArOp::MulSat, out, a, b, o);
  }
  const LocalTensor product = aligned(t.scratch[2], p.prec, out.dims);
  e.ar(ArOp::Mul, product, a, b, o);
  e.requantize(out, product, attrs.scale, attrs.offset, {.in_signed = p.is_signed, .out_signed = gives_i8(op)});
}

Support supports(const Op& op, DType) { return broadcast_support(op); }

Kernel kernel(std::string_view name, Footprint (*footprint)(const Op&, const Region&),
              void (*emit)(const Op&, const TileCtx&, Emitter&)) {
  return {.op = name,
          .supports = supports,
          .views = broadcast_op_views,
          .axes = all_axes,
          .needs = broadcast_op_needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace

Kernel weighted_sum_kernel() { return kernel(ops::WeightedSum::kName, sum_footprint, emit_sum); }
Kernel scaled_product_kernel() { return kernel(ops::ScaledProduct::kName, product_footprint, emit_product); }

}  // namespace tpuc::bm1684x
