// Histograms against counts made by hand.
#include "quant/histogram.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

using namespace tpuc::quant;

namespace {

Histogram histogram_of(const std::vector<float>& values) {
  Tally t;
  t.add(values);
  Histogram h;
  h.add(t);
  return h;
}

double total(const std::vector<Bin>& bins) {
  return std::accumulate(bins.begin(), bins.end(), 0.0, [](double n, const Bin& b) { return n + b.count; });
}

}  // namespace

TEST_CASE("a histogram counts by sign, exponent and eight bits of the mantissa", "[quant]") {
  const Histogram h = histogram_of({0.f, -0.f, 1.f, 1.001f, 1.005f, -2.f, 3.f});
  CHECK(h.count() == 7);
  CHECK(h.min() == -2);
  CHECK(h.max() == 3);
  const std::vector<Bin> b = h.bins();
  REQUIRE(b.size() == 5);
  CHECK(b[0].low == -2);  // the outermost bins end at the extremes
  CHECK(b[0].high == -2);
  CHECK((b[1].low == 0 && b[1].high == 0 && b[1].count == 2));
  CHECK((b[2].low == 1 && b[2].high == 1 + 1 / 256. && b[2].count == 2));
  CHECK((b[3].low == 1 + 1 / 256. && b[3].high == 1 + 2 / 256. && b[3].count == 1));
  CHECK((b[4].low == 3 && b[4].high == 3 && b[4].count == 1));
}

TEST_CASE("bins of both signs fold into magnitudes", "[quant]") {
  const std::vector<Bin> f = folded(histogram_of({-1.f, 1.f, 0.f, 4.f, -0.5f}).bins());
  REQUIRE(f.size() == 4);
  CHECK((f[0].high == 0 && f[0].count == 1));
  CHECK((f[1].low == 0.5 && f[1].count == 1));
  CHECK((f[2].low == 1 && f[2].count == 2));
  CHECK((f[3].low == 4 && f[3].high == 4));
}

TEST_CASE("what is tiny beside the largest magnitude counts as zero, whenever that comes", "[quant]") {
  const std::vector<float> small = {1e-6f, -1e-6f, 1e-30f}, large = {100.f};
  Histogram forth, back;
  Tally a, b;
  a.add(small);
  b.add(large);
  forth.add(a);
  CHECK(forth.bins().size() == 3);
  forth.add(b);
  back.add(b);
  back.add(a);
  for (const Histogram* h : {&forth, &back}) {
    REQUIRE(h->bins().size() == 2);
    CHECK(h->bins()[0].high == 0);
    CHECK(h->bins()[0].count == 3);
    CHECK(h->min() == -1e-6f);
  }
}

TEST_CASE("infinities are left out and NaN is told", "[quant]") {
  const float inf = std::numeric_limits<float>::infinity();
  Tally t;
  t.add(std::vector<float>{inf, -inf, 1.f, -2.f});
  CHECK(t.infinities() == 2);
  CHECK_FALSE(t.has_nan());
  Histogram h;
  h.add(t);
  CHECK(h.count() == 2);
  CHECK(h.max() == 1);
  CHECK(h.min() == -2);
  t.clear();
  CHECK(t.infinities() == 0);
  t.add(std::vector<float>{1.f, std::nanf("")});
  CHECK(t.has_nan());
  t.clear();
  CHECK_FALSE(t.has_nan());
  h.add(t);  // nothing
  CHECK(h.count() == 2);
}

TEST_CASE("histograms do not depend on how samples are spread", "[quant]") {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> all;
  for (int i = 0; i < 10000; ++i) all.push_back(normal(random) * static_cast<float>(1 + i % 7));
  const Histogram whole = histogram_of(all);
  Histogram parts;
  Tally t;
  for (size_t i = all.size(); i > 0; i -= 1000) {  // from the back
    t.clear();
    t.add(std::span(all).subspan(i - 1000, 1000));
    parts.add(t);
  }
  CHECK(total(whole.bins()) == 10000);
  const auto a = whole.bins(), b = parts.bins();
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i)
    REQUIRE((a[i].low == b[i].low && a[i].high == b[i].high && a[i].count == b[i].count));
}
