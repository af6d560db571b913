// Functions against the reference, with the errors that activation_math.h states.
#include "ops/activation.h"

#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/eltwise.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

template <class S>
void everywhere(double low, double high, const typename S::Attrs& attrs, const Tolerance& f32, const Tolerance& half) {
  check_floats<S>({{{2, 70, 3, 11}, false, low, high}}, attrs, f32, half);
  check_floats<S>({{{5, 333}, false, low, high}}, attrs, f32, half);
  check_floats<S>({{{40, 20}, false, low, high}}, attrs, f32, half);
}

}  // namespace

TEST_CASE("activations of a few commands are exact, or round once a command in halves", "[kernel]") {
  everywhere<ops::Relu>(-4, 4, {}, kExact, kExact);
  everywhere<ops::Abs>(-4, 4, {}, kExact, kExact);
  everywhere<ops::Neg>(-4, 4, {}, kExact, kExact);
  everywhere<ops::Clip>(-9, 9, {.min = 0, .max = 6}, kExact, kExact);
  everywhere<ops::Clip>(-9, 9, {.min = -1.5f}, kExact, kExact);
  everywhere<ops::LeakyRelu>(-4, 4, {.alpha = 0.1f}, kExact, {0, 0.001});
  everywhere<ops::LeakyRelu>(-4, 4, {.alpha = 1.5f}, kExact, {0, 0.001});
  everywhere<ops::HardSigmoid>(-4, 4, {}, {1e-6, 0}, {1e-3, 0});
  everywhere<ops::HardSwish>(-5, 5, {}, {1e-6, 1e-6}, {4e-3, 2e-3});
}

TEST_CASE("relu and clip of bytes", "[kernel]") {
  const Operand i8{{2, 70, 3, 11}, false, -128, 128}, u8{{5, 333}, false, 0, 256};
  check_case<ops::Relu>(DType::I8, {i8}, {}, kExact);
  check_case<ops::Relu>(DType::U8, {u8}, {}, kExact);
  for (const auto& a : {ops::Clip::Attrs{.min = -5, .max = 90}, ops::Clip::Attrs{.min = -100},
                        ops::Clip::Attrs{.max = -7.5F}, ops::Clip::Attrs{.min = -1000, .max = 1000}})
    check_case<ops::Clip>(DType::I8, {i8}, a, kExact);
  for (const auto& a : {ops::Clip::Attrs{.min = 3.5F, .max = 200}, ops::Clip::Attrs{.min = -9, .max = 130}})
    check_case<ops::Clip>(DType::U8, {u8}, a, kExact);
}

TEST_CASE("prelu takes slopes per channel, per element and at run time", "[kernel]") {
  const Operand x{{2, 70, 3, 11}};
  check_floats<ops::PRelu>({x, {{70, 1, 1}, true, 0, 1}}, {}, kExact, {0, 0.001});
  check_floats<ops::PRelu>({x, {{70, 1, 1}, true, -2, 3}}, {}, kExact, {0, 0.001});
  check_floats<ops::PRelu>({x, {{1}, true, 0, 1}}, {}, kExact, {0, 0.001});
  check_floats<ops::PRelu>({x, {{70, 1, 1}}}, {}, kExact, {0, 0.001});
  check_floats<ops::PRelu>({x, {{70, 3, 11}, true}}, {}, kExact, {0, 0.001});
}

TEST_CASE("functions by polynomials keep their stated errors", "[kernel]") {
  everywhere<ops::Exp>(-20, 10, {}, {0, 5e-7}, kHalfUlp);
  everywhere<ops::Log>(0.01, 30, {}, {3e-7, 5e-7}, kHalfUlp);
  everywhere<ops::Sqrt>(0, 30, {}, {0, 5e-7}, kHalfUlp);
  everywhere<ops::Reciprocal>(0.1, 30, {}, {0, 5e-7}, kHalfUlp);
  everywhere<ops::Sigmoid>(-12, 12, {}, {4e-7, 0}, {2e-5, 0.001});
  everywhere<ops::Silu>(-12, 12, {}, {4e-6, 0}, {1e-4, 0.001});
  everywhere<ops::Tanh>(-12, 12, {}, {0, 1e-6}, {1e-6, 0.001});
  everywhere<ops::Erf>(-5, 5, {}, {1e-6, 0}, {1e-6, 0.001});
  everywhere<ops::Gelu>(-5, 5, {}, {2e-6, 0}, {4e-5, 0.001});
  everywhere<ops::Gelu>(-5, 5, {.approximate = true}, {4e-6, 0}, {4e-5, 0.001});
  everywhere<ops::Elu>(-5, 5, {.alpha = 1.5f}, {1e-6, 0}, {1e-5, 0.001});
  everywhere<ops::Softplus>(-9, 9, {}, {1e-6, 1e-6}, {1e-5, 0.001});
  everywhere<ops::Sin>(-30, 30, {}, {5e-7, 0}, {5e-7, 0.001});
  everywhere<ops::Cos>(-30, 30, {}, {5e-7, 0}, {5e-7, 0.001});
}

TEST_CASE("powers of one constant exponent", "[kernel]") {
  const Operand x{{2, 70, 3, 11}, false, 0.1, 4};
  for (const double p : {2.0, 0.5, 3.0, -1.0, 1.0, 2.5, -0.5})
    check_floats<ops::Pow>({x, {{1}, true, p, p}}, {}, {0, 4e-6}, {0, 0.001});
  check_floats<ops::Pow>({{{5, 40}, false, -3, 3}, {{}, true, 3, 3}}, {}, {0, 4e-6}, {0, 0.001});
}

TEST_CASE("rounding functions are exact", "[kernel]") {
  everywhere<ops::Floor>(-9, 9, {}, kExact, kExact);
  everywhere<ops::Ceil>(-9, 9, {}, kExact, kExact);
  everywhere<ops::Round>(-9, 9, {}, kExact, kExact);
  everywhere<ops::Sign>(-9, 9, {}, kExact, kExact);
}
