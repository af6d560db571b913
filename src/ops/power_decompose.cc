// A power whose exponent is computed, or differs from element to element, by exponential and logarithm. These know
// positive numbers only; what is below zero gets its sign, or nan, from the exponent.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/import.h"

namespace tpuc::ops {

namespace {

// Which kinds of exponents there may be; of run-time ones all.
struct Exponents {
  bool fractions = true, odd = true, zeros = true;
};

Exponents kinds_of(const Value& y) {
  if (!y.is_constant()) return {};
  const auto values = y.tensor().to_f64();
  const auto any = [&](auto is) { return std::any_of(values.begin(), values.end(), is); };
  return {any([](double v) { return v != std::floor(v); }), any([](double v) { return std::fmod(v, 2) != 0; }),
          any([](double v) { return v == 0; })};
}

Value* is_whole(Builder& b, Value* v) { return b.add<Equal>({v, b.add<Floor>({v})}); }

// |x|^y with the sign of an odd exponent, nan for a broken one: what negative x have.
Value* of_negative(Builder& b, Value* size, Value* y, const Exponents& kinds) {
  Value* result = size;
  if (kinds.odd) {
    Value* is_even = is_whole(b, b.add<Mul>({y, scalar_like(b, y, 0.5)}));
    result = b.add<Select>({is_even, size, b.add<Neg>({size})});
  }
  if (!kinds.fractions) return result;
  return b.add<Select>({is_whole(b, y), result, scalar_like(b, size, std::numeric_limits<double>::quiet_NaN())});
}

}  // namespace

// One exponent for all elements has a kernel.
Values Pow::decompose(const Op& op, Builder& b) {
  Value* x = op.in(0);
  const bool is_one = op.in(1)->is_constant() && element_count(op.in(1)->type) == 1;
  if (!is_float(x->type.dtype) || is_one) return {};
  Value* y = cast(b, op.in(1), x->type.dtype);
  const Exponents kinds = kinds_of(*op.in(1));
  Value* size = b.add<Exp>({b.add<Mul>({y, b.add<Log>({b.add<Abs>({x})})})});
  if (kinds.odd || kinds.fractions)
    size = b.add<Select>({b.add<Less>({x, scalar_like(b, x, 0)}), of_negative(b, size, y, kinds), size});
  if (kinds.zeros) size = b.add<Select>({b.add<Equal>({y, scalar_like(b, y, 0)}), scalar_like(b, size, 1), size});
  return {size};
}

}  // namespace tpuc::ops
