// Draws of operators that work element by element.
#include "backends/bm1684x/kernels/kernel_draws.h"
#include "ops/activation.h"
#include "ops/cast.h"
#include "ops/eltwise.h"
#include "ops/norm.h"
#include "ops/unary.h"

namespace tpuc::bm1684x {

namespace {

using namespace ops;

// Polynomials near a zero of the function, where the halves' own rounding rules, and f32 at 4e-6.
Tolerance function_error(DType t) {
  if (t == DType::F32) return {4e-6, 4e-6};
  return t == DType::F16 ? Tolerance{1e-3, 1e-3} : Tolerance{8e-3, 8e-3};
}

template <class S>
void unary(Draws& d, double low, double high, const typename S::Attrs& attrs = {}) {
  const DType t = d.float_type();
  d.run<S>(t, {{d.dims(static_cast<size_t>(d.between(0, 5))), false, low, high}}, attrs, function_error(t));
}

template <class S>
void plain(Draws& d) {
  unary<S>(d, -4, 4);
}
template <class S>
void positive(Draws& d) {
  unary<S>(d, 0.05, 9);
}

// One operand has the result's shape, or both lack some of it; sometimes one is a number in the command.
struct Pair {
  Operand a, b;
};
Pair pair_of(Draws& d, double low, double high, double low_b, double high_b) {
  const Dims out = d.dims(static_cast<size_t>(d.between(1, 5)));
  Pair p{{d.chance(60) ? out : d.broadcasting(out), false, low, high},
         {d.broadcasting(out), d.chance(20), low_b, high_b}};
  if (d.chance(15)) p.b = {{}, true, low_b, high_b};
  if (d.chance(30)) std::swap(p.a.dims, p.b.dims), std::swap(p.a.is_constant, p.b.is_constant);
  return p;
}

template <class S>
void extreme(Draws& d) {
  const DType t = d.any<DType>({DType::F32, DType::F16, DType::BF16, DType::I32, DType::I8, DType::U8});
  const double low = t == DType::U8 ? 0 : -120;
  const auto [a, b] = pair_of(d, low, 120, low, 120);
  d.run<S>(t, {a, b}, {}, kExact);
}

// Bytes too.
void bounded(Draws& d) {
  const DType t = d.any<DType>({DType::F32, DType::F16, DType::BF16, DType::I8, DType::U8});
  const Dims x = d.dims(static_cast<size_t>(d.between(0, 5)));
  d.run<Clip>(t, {{x, false, t == DType::U8 ? 0.0 : -9, 99}}, {.min = d.chance(50) ? 0.0f : -2.5f, .max = 6}, kExact);
}

template <class S>
void arithmetic(Draws& d) {
  const DType t = d.chance(25) ? DType::I32 : d.float_type();
  const auto [a, b] = pair_of(d, -9, 9, -9, 9);
  d.run<S>(t, {a, b}, {}, kExact);
}

void divide(Draws& d) {
  const DType t = d.chance(25) ? DType::I32 : d.float_type();
  const auto [a, b] = pair_of(d, -9, 9, 1, 5);
  d.run<Div>(t, {a, b}, {}, t == DType::I32 ? kExact : t == DType::BF16 ? Tolerance{0, 8e-3} : Tolerance{0, 1e-3});
}

void remainder(Draws& d) {
  const DType t = d.chance(50) ? DType::I32 : d.float_type();
  const auto [a, b] = pair_of(d, -90, 90, 1, 7);
  // A float remainder may be a whole divisor away where the quotient is nearly whole; halves are whole numbers here.
  if (t == DType::F32) return d.run<Mod>(t, {a, {b.dims, b.is_constant, 64, 64}}, {d.chance(50)}, {1e-4, 1e-5});
  if (t != DType::I32) return d.run<Mod>(t, {a, {b.dims, b.is_constant, 4, 4}}, {d.chance(50)}, kExact);
  d.run<Mod>(t, {a, b}, {d.chance(50)}, kExact);
}

template <class S>
void compare_any(Draws& d) {
  const DType t = d.any<DType>({DType::F32, DType::F16, DType::BF16, DType::I32, DType::I8, DType::U8, DType::Bool});
  const double low = t == DType::Bool || t == DType::U8 ? 0 : -3;
  const auto [a, b] = pair_of(d, low, t == DType::Bool ? 2 : 4, low, t == DType::Bool ? 2 : 4);
  d.run<S>(t, {a, b}, {}, kExact);
}

template <class S>
void logic(Draws& d) {
  const auto [a, b] = pair_of(d, 0, 2, 0, 2);
  d.run<S>(DType::Bool, {a, b}, {}, kExact);
}

void negate(Draws& d) { d.run<Not>(DType::Bool, {{d.dims(3), false, 0, 2}}, {}, kExact); }

void choose(Draws& d) {
  const DType t = d.any<DType>({DType::F32, DType::F16, DType::BF16, DType::I32, DType::U8, DType::Bool});
  const double high = t == DType::Bool ? 2 : 9;
  const Dims out = d.dims(static_cast<size_t>(d.between(1, 5)));
  const auto side = [&]() -> Operand {
    if (d.chance(30)) return {{}, true, 0, high};
    return {d.broadcasting(out), false, 0, high};
  };
  d.run<Select>(t, {{d.broadcasting(out), false, 0, 2, DType::Bool}, side(), side()}, {}, kExact);
}

void convert(Draws& d) {
  const std::vector<DType> types{DType::F32, DType::F16, DType::BF16, DType::I32, DType::Bool};
  const DType from = d.any(types), to = d.any(types);
  d.run<Cast>(from,
              {{d.dims(static_cast<size_t>(d.between(1, 5))), false, from == DType::Bool ? 0.0 : -99,
                from == DType::Bool ? 2.0 : 99}},
              {.to = to}, kExact);
}

void power(Draws& d) {
  const DType t = d.float_type();
  const double p = d.any<double>({2, 0.5, 3, -1, 2.5, -0.75});
  d.run<Pow>(t, {{d.dims(3), false, 0.2, 4}, {{}, true, p, p}}, {}, rounding(t));
}

void slopes(Draws& d) {
  const DType t = d.float_type();
  const Dims x = d.image();
  const Operand slope = d.chance(50) ? Operand{{x[1], 1, 1}, true} : Operand{d.broadcasting(x), d.chance(50)};
  d.run<PRelu>(t, {{x}, slope}, {}, function_error(t));
}

void per_channel(Draws& d) {
  const DType t = d.float_type();
  const Dims x = d.dims(static_cast<size_t>(d.between(2, 5)));
  const Operand vector{{x[1]}, true, -2, 2, DType::F32};
  d.run<Scale>(t, {{x}, vector, d.chance(50) ? vector : Operand{.dims = {}, .absent = true}},
               {d.any<Activation>({Activation::None, Activation::Relu, Activation::Relu6})},
               {rounding(t).absolute * 4, rounding(t).relative});
}

}  // namespace

std::vector<Draw> elementwise_draws() {
  return {{Relu::kName, plain<Relu>},
          {Abs::kName, plain<Abs>},
          {Neg::kName, plain<Neg>},
          {Clip::kName, bounded},
          {LeakyRelu::kName, [](Draws& d) { unary<LeakyRelu>(d, -4, 4, {.alpha = d.chance(50) ? 0.1f : 1.5f}); }},
          {HardSigmoid::kName, plain<HardSigmoid>},
          {HardSwish::kName, [](Draws& d) { unary<HardSwish>(d, -4, 0.5); }},
          {PRelu::kName, slopes},
          {Exp::kName, plain<Exp>},
          {Log::kName, positive<Log>},
          {Sqrt::kName, positive<Sqrt>},
          {Reciprocal::kName, positive<Reciprocal>},
          {Sigmoid::kName, plain<Sigmoid>},
          {Silu::kName, plain<Silu>},
          {Tanh::kName, plain<Tanh>},
          {Erf::kName, plain<Erf>},
          {Gelu::kName, [](Draws& d) { unary<Gelu>(d, -4, 4, {.approximate = d.chance(50)}); }},
          {Elu::kName, plain<Elu>},
          {Softplus::kName, plain<Softplus>},
          {Floor::kName, plain<Floor>},
          {Ceil::kName, plain<Ceil>},
          {Round::kName, plain<Round>},
          {Sign::kName, plain<Sign>},
          {Sin::kName, plain<Sin>},
          {Cos::kName, plain<Cos>},
          {Pow::kName, power},
          {Add::kName, arithmetic<Add>},
          {Sub::kName, arithmetic<Sub>},
          {Mul::kName, arithmetic<Mul>},
          {Min::kName, extreme<Min>},
          {Max::kName, extreme<Max>},
          {Div::kName, divide},
          {Mod::kName, remainder},
          {Equal::kName, compare_any<Equal>},
          {Less::kName, compare_any<Less>},
          {Greater::kName, compare_any<Greater>},
          {LessOrEqual::kName, compare_any<LessOrEqual>},
          {GreaterOrEqual::kName, compare_any<GreaterOrEqual>},
          {And::kName, logic<And>},
          {Or::kName, logic<Or>},
          {Xor::kName, logic<Xor>},
          {Not::kName, negate},
          {Select::kName, choose},
          {Cast::kName, convert},
          {Scale::kName, per_channel}};
}

}  // namespace tpuc::bm1684x
