// Where to clip, by each method. All work on magnitudes: a grid around 0 errs the same on both sides.
#include <algorithm>
#include <cmath>

#include "quant/range_methods.h"

namespace tpuc::quant {
namespace {

constexpr size_t kLinearBins = 2048;  // of the KL search, as in Migacz, "8-bit inference with TensorRT", GTC 2017
constexpr size_t kLinearStep = 8;     // candidates are this many bins apart

double total_of(const std::vector<Bin>& bins) {
  double n = 0;
  for (const Bin& b : bins) n += b.count;
  return n;
}

// Equal bins from 0 to the largest magnitude. Zeros are left out: every grid holds them.
std::vector<double> linear_bins(const std::vector<Bin>& bins) {
  std::vector<double> out(kLinearBins);
  const double width = bins.back().high / static_cast<double>(kLinearBins);
  for (const Bin& b : bins) {
    if (b.high <= 0) continue;
    const double from = b.low / width, to = b.high / width;
    const auto first = std::min(static_cast<size_t>(from), kLinearBins - 1);
    const auto last = std::min(static_cast<size_t>(to), kLinearBins - 1);
    if (first == last || to <= from) {
      out[first] += b.count;
      continue;
    }
    for (size_t i = first; i <= last; ++i) {
      const double overlap = std::min(to, static_cast<double>(i + 1)) - std::max(from, static_cast<double>(i));
      out[i] += b.count * std::max(overlap, 0.0) / (to - from);
    }
  }
  return out;
}

// Divergence of bins [0, n), the rest counted with the last, from the same in `levels` steps: within a step every bin
// that holds anything holds the mean.
double divergence(const std::vector<double>& p, size_t n, size_t levels, double beyond, double total) {
  double sum = 0, mass = 0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t from = n * level / levels, to = n * (level + 1) / levels;
    double step_mass = 0;
    size_t filled = 0;
    for (size_t i = from; i < to; ++i) {
      step_mass += p[i];
      filled += p[i] > 0 ? 1 : 0;
    }
    mass += step_mass;
    if (filled == 0) continue;
    const double mean = step_mass / static_cast<double>(filled);
    for (size_t i = from; i < to; ++i)
      if (p[i] > 0) {
        const double own = i + 1 == n ? p[i] + beyond : p[i];
        sum += own * std::log(own / mean);
      }
  }
  if (mass <= 0) return HUGE_VAL;
  if (p[n - 1] <= 0 && beyond > 0)
    sum += beyond * std::log(beyond / (mass / static_cast<double>(n)));  // nothing like it
  return (sum + total * std::log(mass / total)) / total;                 // both sides as shares
}

struct Spread {
  double mean_magnitude = 0, deviation = 0;  // about 0, of the values that are not 0
};
Spread spread_of(const std::vector<Bin>& bins) {
  double n = 0, sum = 0, squares = 0;
  for (const Bin& b : bins) {
    if (b.high <= 0) continue;
    const double middle = (b.low + b.high) / 2;
    n += b.count;
    sum += b.count * middle;
    squares += b.count * middle * middle;
  }
  if (n <= 0) return {};
  return {sum / n, std::sqrt(squares / n)};
}

double clipped_error(const std::vector<Bin>& bins, double threshold, int levels) {
  return squared_error(bins, {0, threshold, threshold / levels});
}

}  // namespace

double percentile_threshold(const std::vector<Bin>& bins, double share) {
  double may_drop = std::floor(total_of(bins) * (1 - share) + 1e-9);
  for (auto b = bins.rbegin(); b != bins.rend(); ++b) {
    if (b->count > may_drop) return b->high;
    may_drop -= b->count;
  }
  return 0;
}

double kl_threshold(const std::vector<Bin>& bins, int levels) {
  const std::vector<double> p = linear_bins(bins);
  const auto steps = static_cast<size_t>(levels) + 1;
  double total = 0;
  for (const double n : p) total += n;
  double beyond = 0, best = HUGE_VAL;
  size_t best_bins = kLinearBins;
  for (size_t n = kLinearBins;; n -= kLinearStep) {
    const double now = divergence(p, n, steps, beyond, total);
    if (now < best) {
      best = now;
      best_bins = n;
    }
    if (n < steps + kLinearStep) break;
    for (size_t i = n - kLinearStep; i < n; ++i) beyond += p[i];
  }
  return bins.back().high * static_cast<double>(best_bins) / static_cast<double>(kLinearBins);
}

double mse_threshold(const std::vector<Bin>& bins, int levels) {
  const double most = bins.back().high;
  constexpr int kPerOctave = 8, kOctaves = 8;  // candidates: down to 1/256 of the largest magnitude
  double best = most, best_error = clipped_error(bins, most, levels);
  const auto try_one = [&](double threshold) {
    const double error = clipped_error(bins, threshold, levels);
    if (error >= best_error) return;
    best = threshold;
    best_error = error;
  };
  for (int i = 1; i <= kPerOctave * kOctaves; ++i) try_one(most * std::exp2(-static_cast<double>(i) / kPerOctave));
  const double ratio = std::exp2(1.0 / kPerOctave), middle = best;
  for (int i = -7; i <= 7; ++i) try_one(std::min(most, middle * std::pow(ratio, i / 8.0)));
  return best;
}

double aciq_threshold(const std::vector<Bin>& bins, bool is_one_sided, int levels) {
  // Banner, Nahshan, Soudry: "Post training 4-bit quantization of convolutional networks", 2019: the optimum for 8 bits
  // in units of the spread, and for 9 bits, as a grid of one side has steps half as large.
  const double gauss = is_one_sided ? 4.07294252 : 3.92403714, laplace = is_one_sided ? 11.16268502 : 9.89675982;
  const Spread spread = spread_of(bins);
  const double most = bins.back().high;
  const double by_gauss = std::min(most, gauss * spread.deviation);
  const double by_laplace = std::min(most, laplace * spread.mean_magnitude);
  const bool gauss_is_better = clipped_error(bins, by_gauss, levels) <= clipped_error(bins, by_laplace, levels);
  return gauss_is_better ? by_gauss : by_laplace;
}

}  // namespace tpuc::quant
