// See the header. Every multiplier of the largest scale is tried; the others follow.
#include "passes/narrow_sum.h"

#include <algorithm>
#include <cmath>

#include "tpuc/numerics/fixed_point.h"

namespace tpuc {
namespace {

constexpr double kMostError = 1.0 / 16;  // of a step of the result
constexpr int kMostMultiplier = 255;     // a byte times more leaves 16 bits

double lowest(const QuantParams& p) { return static_cast<double>(lowest_of(8, p.dtype == DType::I8)); }
double highest(const QuantParams& p) { return static_cast<double>(highest_of(8, p.dtype == DType::I8)); }

bool fits_16_bits(const std::vector<QuantParams>& in, const std::vector<double>& multipliers) {
  double low = 0, high = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    const auto [a, b] = std::minmax({multipliers[i] * lowest(in[i]), multipliers[i] * highest(in[i])});
    low += a, high += b;
  }
  const bool is_signed = low < 0;
  return low >= static_cast<double>(lowest_of(16, is_signed)) && high <= static_cast<double>(highest_of(16, is_signed));
}

}  // namespace

std::optional<NarrowSum> narrow_sum(const std::vector<QuantParams>& in, const std::vector<double>& signs,
                                    const QuantParams& out) {
  std::vector<double> wanted;  // steps of the result that one of the input stands for
  for (const QuantParams& p : in) wanted.push_back(double(p.scale) / out.scale);
  const double largest = *std::max_element(wanted.begin(), wanted.end());
  NarrowSum best;
  double least = kMostError;
  for (int of_largest = 1; of_largest <= kMostMultiplier; ++of_largest) {
    NarrowSum sum{{}, largest / of_largest};
    double error = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      const double m = std::nearbyint(wanted[i] / sum.scale);
      sum.multipliers.push_back(signs[i] * m);
      error += std::abs(m * sum.scale - wanted[i]) * std::max(highest(in[i]) - in[i].zero, in[i].zero - lowest(in[i]));
    }
    if (error >= least || !fits_16_bits(in, sum.multipliers)) continue;
    least = error;
    best = sum;
  }
  return best.multipliers.empty() ? std::nullopt : std::optional(best);
}

}  // namespace tpuc
