// Thresholds on distributions whose best range is known, and the choice among methods.
#include "quant/range_methods.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tpuc/support/check.h"

using namespace tpuc;
using namespace tpuc::quant;

namespace {

Histogram histogram_of(const std::vector<float>& values) {
  Tally t;
  t.add(values);
  Histogram h;
  h.add(t);
  return h;
}

std::vector<float> laplace(size_t n, float b) {
  std::mt19937 random(7);
  std::exponential_distribution<float> e(1 / b);
  std::vector<float> v;
  for (size_t i = 0; i < n; ++i) v.push_back(i % 2 == 0 ? e(random) : -e(random));
  return v;
}

std::vector<float> gauss(size_t n, float sigma) {
  std::mt19937 random(9);
  std::normal_distribution<float> e(0, sigma);
  std::vector<float> v;
  for (size_t i = 0; i < n; ++i) v.push_back(e(random));
  return v;
}

double measured_error(const std::vector<float>& values, const Grid& grid) {
  double sum = 0;
  for (const float x : values) {
    const double c = std::clamp(static_cast<double>(x), grid.low, grid.high);
    const double off = std::round(c / grid.step) * grid.step - x;
    sum += off * off;
  }
  return sum;
}

}  // namespace

TEST_CASE("the error estimate follows hand-computed integrals", "[quant]") {
  // Spread from 0 to 4 steps: 1/12 of a step squared.
  CHECK(squared_error({{0, 4, 6}}, {0, 10, 1}) == Approx(6 / 12.));
  // Spread from 0 to 1/4: the mean of x^2 is 1/48.
  CHECK(squared_error({{0, 0.25, 1}}, {0, 10, 1}) == Approx(1 / 48.));
  // All beyond the end: from 11 to 12, clipped at 10: the mean of (1..2)^2 is 7/3.
  CHECK(squared_error({{11, 12, 3}}, {0, 10, 1}) == Approx(7.));
  // Half beyond: 9..10 rounds (1/12), 10..11 clips (1/3).
  CHECK(squared_error({{9, 11, 2}}, {-10, 10, 1}) == Approx(1 / 12. + 1 / 3.));
  CHECK(squared_error({{-12, -11, 3}}, {-10, 10, 1}) == Approx(7.));
  CHECK(squared_error({{0, 0, 100}}, {-10, 10, 1}) == 0);
  CHECK(squared_error({{2.25, 2.25, 4}}, {-10, 10, 1}) == Approx(0.25));
}

TEST_CASE("the error estimate is that of the values themselves", "[quant]") {
  for (const auto& values : {laplace(200000, 1.f), gauss(200000, 3.f)}) {
    const Histogram h = histogram_of(values);
    for (const double threshold : {1.0, 3.0, 9.0}) {
      for (const bool asymmetric : {false, true}) {
        const Grid grid = grid_of(-threshold, threshold * 0.7, asymmetric);
        CHECK(squared_error(h.bins(), grid) == Approx(measured_error(values, grid)).epsilon(0.01));
      }
    }
  }
}

TEST_CASE("a percentile drops the share it says and not one value more", "[quant]") {
  std::vector<float> values(9998, 1.f);
  values.push_back(5.f);
  values.push_back(7.f);
  const auto bins = folded(histogram_of(values).bins());
  CHECK(percentile_threshold(bins, 0.9999) == Approx(5).epsilon(0.005));
  CHECK(percentile_threshold(bins, 0.9998) == Approx(1).epsilon(0.005));
  CHECK(percentile_threshold(bins, 0.99995) == 7);
}

TEST_CASE("the least squared error of known distributions is found", "[quant]") {
  // The optima of Banner et al. for 8 bits: 9.90 b for Laplace, 3.92 sigma for Gauss.
  CHECK(mse_threshold(folded(histogram_of(laplace(2000000, 0.5f)).bins()), 127) == Approx(9.9 * 0.5).epsilon(0.06));
  CHECK(mse_threshold(folded(histogram_of(gauss(2000000, 2.f)).bins()), 127) == Approx(3.92 * 2).epsilon(0.06));
}

TEST_CASE("aciq tells Gauss from Laplace", "[quant]") {
  CHECK(aciq_threshold(folded(histogram_of(laplace(500000, 0.5f)).bins()), false, 127) == Approx(4.948).epsilon(0.02));
  CHECK(aciq_threshold(folded(histogram_of(gauss(500000, 2.f)).bins()), false, 127) == Approx(7.848).epsilon(0.02));
}

TEST_CASE("the divergence clips a far outlier and keeps an even distribution", "[quant]") {
  std::vector<float> values = gauss(100000, 1.f);
  const double plain = kl_threshold(folded(histogram_of(values).bins()), 127);
  CHECK(plain > 2.5);
  values.push_back(60.f);
  CHECK(kl_threshold(folded(histogram_of(values).bins()), 127) < 10);
  std::vector<float> even;
  for (int i = 1; i <= 100000; ++i) even.push_back(static_cast<float>(i) / 100000.f);
  CHECK(kl_threshold(folded(histogram_of(even).bins()), 127) > 0.97);
}

TEST_CASE("a chosen range lies inside of what was seen", "[quant]") {
  std::vector<float> values = laplace(50000, 1.f);
  for (float& x : values)
    if (x < 0) x *= 0.1f;
  const Histogram h = histogram_of(values);
  for (const Method m : {Method::Max, Method::Percentile, Method::Kl, Method::Mse, Method::Aciq, Method::Auto})
    for (const bool asymmetric : {false, true}) {
      const TensorRange r = choose_range(h, {m, asymmetric, false, 100});
      INFO(to_string(m));
      CHECK(r.seen_min == h.min());
      CHECK(r.seen_max == h.max());
      CHECK(r.min >= r.seen_min);
      CHECK(r.max <= r.seen_max);
      CHECK(r.min < 0);
      CHECK(r.max > 4);
    }
  CHECK(choose_range(h, {Method::Max, false, false, 100}).max == h.max());
}

TEST_CASE("auto errs next to least, and does not clip where it knows little", "[quant]") {
  std::vector<float> values = laplace(100000, 1.f);
  values.push_back(300.f);
  const Histogram h = histogram_of(values);
  const TensorRange r = choose_range(h, {Method::Auto, false, false, 100});
  CHECK(r.method != "max");
  const auto error = [&](const TensorRange& x) { return squared_error(h.bins(), grid_of(x.min, x.max, false)); };
  for (const Method m : {Method::Max, Method::Percentile, Method::Kl, Method::Mse, Method::Aciq})
    CHECK(error(r) <= error(choose_range(h, {m, false, false, 100})) * 1.0501);
  CHECK(choose_range(h, {Method::Auto, false, false, 1}).method == "max");
  CHECK(choose_range(h, {Method::Auto, false, true, 100}).method == "max");
  CHECK(choose_range(histogram_of({1.f, 2.f, 300.f}), {Method::Auto, false, false, 100}).max == 300);
}

TEST_CASE("one value, zeros, nothing, and huge values have ranges too", "[quant]") {
  for (const Method m : {Method::Max, Method::Percentile, Method::Kl, Method::Mse, Method::Aciq, Method::Auto}) {
    INFO(to_string(m));
    const TensorRange zero = choose_range(histogram_of(std::vector<float>(5000, 0.f)), {m, false, false, 100});
    CHECK((zero.min == 0 && zero.max == 0));
    const TensorRange one = choose_range(histogram_of(std::vector<float>(5000, -3.f)), {m, false, false, 100});
    CHECK((one.min == -3 && one.max == -3));
    const TensorRange none = choose_range(Histogram(), {m, false, false, 100});
    CHECK((none.min == 0 && none.max == 0));
    std::vector<float> mask(5000, -3.4e38f);
    mask[0] = 1;
    const TensorRange huge = choose_range(histogram_of(mask), {m, false, false, 100});
    CHECK(std::isfinite(huge.min));
    CHECK(huge.min >= -1e38f);
    const TensorRange tiny = choose_range(histogram_of(std::vector<float>{1e-42f, -1e-42f}), {m, false, false, 100});
    CHECK(std::isfinite(tiny.max));
  }
}

TEST_CASE("method names are those of the command line", "[quant]") {
  CHECK(parse_method("aciq") == Method::Aciq);
  CHECK_THROWS_AS(parse_method("best"), UserError);
}
