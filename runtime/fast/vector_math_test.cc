// Accuracy of the vectorised functions against double, in units in the last place.
#include "runtime/fast/vector_math.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace tpuc::fast {
namespace {

// Largest error of f against the exact function over [low, high], in spacings of floats at the exact value.
template <class F, class Exact>
double worst_ulp(F f, Exact exact, float low, float high) {
  constexpr int kSteps = 200000;
  double worst = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = low + (high - low) * (static_cast<float>(i) / kSteps);
    const double want = exact(static_cast<double>(x));
    const float near = static_cast<float>(std::abs(want));
    const double spacing = static_cast<double>(std::nextafter(near, INFINITY)) - static_cast<double>(near);
    worst = std::max(worst, std::abs(static_cast<double>(f(x)) - want) / spacing);
  }
  return worst;
}

// Always inlined, the functions themselves have no address.
const auto exp_of = [](float x) { return fast_exp(x); };
const auto expm1_of = [](float x) { return fast_expm1(x); };
const auto tanh_of = [](float x) { return fast_tanh(x); };
const auto erf_of = [](float x) { return fast_erf(x); };
const auto sigmoid_of = [](float x) { return fast_sigmoid(x); };

TEST_CASE("vector functions are accurate", "[runtime]") {
  CHECK(worst_ulp(
            exp_of, [](double x) { return std::exp(x); }, -87, 88.5f) < 2);
  CHECK(worst_ulp(
            expm1_of, [](double x) { return std::expm1(x); }, -20, 20) < 2);
  CHECK(worst_ulp(
            expm1_of, [](double x) { return std::expm1(x); }, -0.5f, 0.5f) < 2);
  CHECK(worst_ulp(
            tanh_of, [](double x) { return std::tanh(x); }, -10, 10) < 3);
  CHECK(worst_ulp(
            tanh_of, [](double x) { return std::tanh(x); }, -0.1f, 0.1f) < 3);
  CHECK(worst_ulp(
            erf_of, [](double x) { return std::erf(x); }, -6, 6) < 3);
  CHECK(worst_ulp(
            erf_of, [](double x) { return std::erf(x); }, -0.1f, 0.1f) < 3);
  CHECK(worst_ulp(
            sigmoid_of, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80) < 3);
}

TEST_CASE("vector functions end where floats do", "[runtime]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  CHECK(fast_exp(89) == kInfinity);
  CHECK(fast_exp(kInfinity) == kInfinity);
  CHECK(fast_exp(-105) == 0);
  CHECK(fast_exp(-kInfinity) == 0);
  CHECK(fast_exp(0) == 1);
  CHECK(fast_expm1(-kInfinity) == -1);
  CHECK(fast_expm1(kInfinity) == kInfinity);
  CHECK(fast_sigmoid(-kInfinity) == 0);
  CHECK(fast_sigmoid(kInfinity) == 1);
  CHECK(fast_tanh(-kInfinity) == -1);
  CHECK(fast_tanh(kInfinity) == 1);
  CHECK(fast_erf(-kInfinity) == -1);
  CHECK(fast_erf(kInfinity) == 1);
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(fast_exp(kNan)));
  CHECK(std::isnan(fast_expm1(kNan)));
  CHECK(std::isnan(fast_sigmoid(kNan)));
  CHECK(std::isnan(fast_tanh(kNan)));
  CHECK(std::isnan(fast_erf(kNan)));
}

}  // namespace
}  // namespace tpuc::fast
