// See the header. Absolute errors in f32 stay near 1e-6. No term is larger than twice the function's argument or value,
// so that halves do not overflow either.
#include "ops/trigonometry_import.h"

#include <numbers>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/import.h"

namespace tpuc::ops {

namespace {

// Arithmetic on values, spelled as it is on paper.
class Terms {
 public:
  Terms(const NodeView& n, Builder& b) : b_(b), x_(n.input(0)) {}

  Value* x() const { return x_; }
  Value* number(double v) { return scalar_like(b_, x_, v); }
  template <class S>
  Value* of(Value* v) {
    return b_.add<S>({v});
  }
  template <class S>
  Value* of(Value* v, Value* w) {
    return b_.add<S>({v, w});
  }
  template <class S>
  Value* of(Value* v, double w) {
    return of<S>(v, number(w));
  }
  Value* where(Value* condition, Value* yes, Value* no) { return b_.add<Select>({condition, yes, no}); }
  Value* square(Value* v) { return of<Mul>(v, v); }

  // t / (1 + sqrt(1 + s)): half the angle.
  Value* half_angle(Value* t, Value* s) { return of<Div>(t, of<Add>(of<Sqrt>(of<Add>(s, 1)), 1)); }

  // Angle of a tangent within +-tan(pi/8).   source: Cephes atanf, error 2e-7
  Value* small_angle(Value* t) {
    Value* s = square(t);
    Value* p = number(8.05374449538e-2);
    for (const double c : {-1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1}) p = of<Add>(of<Mul>(p, s), c);
    return of<Add>(of<Mul>(of<Mul>(p, s), t), t);
  }

  // 2 * angle of x / (1 + sqrt(1 - x^2)), of which half is small.
  Value* arc_sine() {
    Value* t = half_angle(x_, of<Neg>(square(x_)));
    return of<Mul>(small_angle(half_angle(t, square(t))), 4);
  }

 private:
  Builder& b_;
  Value* x_;
};

}  // namespace

Values import_tan(const NodeView& n, Builder& b) {
  Terms t(n, b);
  return {t.of<Div>(t.of<Sin>(t.x()), t.of<Cos>(t.x()))};
}

// Beyond 1 it is pi/2 less the angle of the reciprocal.
Values import_atan(const NodeView& n, Builder& b) {
  Terms t(n, b);
  Value* size = t.of<Abs>(t.x());
  Value* within = t.of<Div>(t.of<Min>(size, 1), t.of<Max>(size, 1));
  Value* angle = t.of<Mul>(t.small_angle(t.half_angle(within, t.square(within))), 2);
  Value* beyond = t.of<Sub>(t.number(std::numbers::pi / 2), angle);
  return {t.of<Mul>(t.where(t.of<Greater>(size, 1), beyond, angle), t.of<Sign>(t.x()))};
}

Values import_asin(const NodeView& n, Builder& b) { return {Terms(n, b).arc_sine()}; }

Values import_acos(const NodeView& n, Builder& b) {
  Terms t(n, b);
  return {t.of<Sub>(t.number(std::numbers::pi / 2), t.arc_sine())};
}

// (exp(x) -+ exp(-x)) / 2
Values import_sinh(const NodeView& n, Builder& b) {
  Terms t(n, b);
  return {t.of<Mul>(t.of<Sub>(t.of<Exp>(t.x()), t.of<Exp>(t.of<Neg>(t.x()))), 0.5)};
}
Values import_cosh(const NodeView& n, Builder& b) {
  Terms t(n, b);
  return {t.of<Mul>(t.of<Add>(t.of<Exp>(t.x()), t.of<Exp>(t.of<Neg>(t.x()))), 0.5)};
}

// sign(x) * log(|x| + sqrt(x^2 + 1)): of -x the two terms would cancel. The larger of x and 1 stands before the root.
Values import_asinh(const NodeView& n, Builder& b) {
  Terms t(n, b);
  Value* size = t.of<Abs>(t.x());
  Value* larger = t.of<Max>(size, 1);
  Value* ratio = t.of<Div>(t.of<Min>(size, 1), larger);
  Value* root = t.of<Mul>(larger, t.of<Sqrt>(t.of<Add>(t.square(ratio), 1)));
  return {t.of<Mul>(t.of<Log>(t.of<Add>(size, root)), t.of<Sign>(t.x()))};
}

// log(x + sqrt(x - 1) sqrt(x + 1))
Values import_acosh(const NodeView& n, Builder& b) {
  Terms t(n, b);
  Value* root = t.of<Mul>(t.of<Sqrt>(t.of<Sub>(t.x(), 1)), t.of<Sqrt>(t.of<Add>(t.x(), 1)));
  return {t.of<Log>(t.of<Add>(t.x(), root))};
}

// log((1 + x) / (1 - x)) / 2
Values import_atanh(const NodeView& n, Builder& b) {
  Terms t(n, b);
  Value* ratio = t.of<Div>(t.of<Add>(t.x(), 1), t.of<Sub>(t.number(1), t.x()));
  return {t.of<Mul>(t.of<Log>(ratio), 0.5)};
}

}  // namespace tpuc::ops
