// Each table from its formula in double, rounded to float once; the test compares with the vendor's words.
#include "backends/bm1684x/sim/static_tables.h"

#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace tpuc::bm1684x {
namespace {

constexpr int kExpEntries = 256, kExpUsed = 192, kExpFirst = -103;  // e^-103 is the smallest denormal
constexpr int kExpTerms = 32, kLogTerms = 64, kErfTerms = 16, kSerialNumbers = 64, kSinTerms = 32, kArcsinTerms = 64,
              kTanTerms = 32;
// Chebyshev fit of erfc (Numerical Recipes, "erfcc").
constexpr double kErf[] = {-1.26551223, 1.00002368,  0.37409196, 0.09678418,  -0.18628806,
                           0.27886807,  -1.13520398, 1.48851587, -0.82215223, 0.17087277};

class Table {
 public:
  void add(double value) { words_.push_back(std::bit_cast<uint32_t>(static_cast<float>(value))); }
  void add_word(uint32_t word) { words_.push_back(word); }
  std::vector<uint32_t> take() { return std::move(words_); }

 private:
  std::vector<uint32_t> words_;
};

double factorial(int n) {
  double f = 1;
  for (int k = 2; k <= n; ++k) f *= k;
  return f;
}

// (-1)^k (2 pi)^(2k + odd) / (2k + odd)!
void add_circle_series(Table& t, int odd) {
  for (int k = 0; k < kSinTerms; ++k)
    t.add((k % 2 == 0 ? 1 : -1) * std::pow(2 * std::numbers::pi, 2 * k + odd) / factorial(2 * k + odd));
}

void add_arcsin_series(Table& t) {
  double c = 1;  // (2k)! / (4^k k!^2)
  for (int k = 0; k < kArcsinTerms; ++k) {
    t.add(c / (2 * k + 1));
    c *= (2.0 * k + 1) / (2.0 * k + 2);
  }
}

// tan(pi x) from tan' = 1 + tan^2, coefficient by coefficient.
void add_tan_series(Table& t) {
  std::array<double, kTanTerms> a{};
  for (size_t k = 0; k < a.size(); ++k) {
    double sum = k == 0 ? 1 : 0;
    for (size_t i = 0; i < k; ++i) sum += a[i] * a[k - 1 - i];
    a[k] = sum / static_cast<double>(2 * k + 1);
    t.add(a[k] * std::pow(std::numbers::pi, static_cast<double>(2 * k + 1)));
  }
}

}  // namespace

std::vector<uint32_t> static_tables() {
  Table t;
  for (int k = 0; k < kExpEntries; ++k) t.add(k < kExpUsed ? std::exp(static_cast<double>(k + kExpFirst)) : 0.0);
  for (int k = 0; k < kExpTerms; ++k) t.add(1 / factorial(k));
  t.add(0);
  for (int k = 1; k < kLogTerms; ++k) t.add((k % 2 == 1 ? 1.0 : -1.0) / k);
  for (int k = 0; k < kErfTerms; ++k) t.add(k < static_cast<int>(std::size(kErf)) ? kErf[k] : 0.0);
  for (uint32_t k = 0; k < kSerialNumbers; ++k) t.add_word(k);
  add_circle_series(t, 1);
  add_circle_series(t, 0);
  add_arcsin_series(t);
  add_tan_series(t);
  return t.take();
}

}  // namespace tpuc::bm1684x
