// Chooses a tensor's range by a method, or the method too.
#include "quant/range_methods.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "tpuc/support/check.h"

namespace tpuc::quant {
namespace {

constexpr double kPercentile = 0.9999;
constexpr double kLargestBound = 1e38;  // what a table may hold: attention masks come near the end of f32
constexpr int64_t kFewSamples = 8;      // fewer tell too little of what other samples will hold
constexpr int64_t kFewValues = 4096;    // fewer give no distribution
constexpr double kLittleMore = 1.05;    // error: as good as the least

constexpr std::pair<Method, std::string_view> kNames[] = {{Method::Max, "max"},   {Method::Percentile, "percentile"},
                                                          {Method::Kl, "kl"},     {Method::Mse, "mse"},
                                                          {Method::Aciq, "aciq"}, {Method::Auto, "auto"}};

// An antiderivative of the squared rounding error at x, in steps: a whole step holds 1/12.
double rounding_integral(double x) {
  const double shifted = x + 0.5, whole = std::floor(shifted), rest = shifted - whole - 0.5;
  return whole / 12 + rest * rest * rest / 3;
}

struct Range {
  double low = 0, high = 0;
};

// The two ends of a range around what was seen, each moved in turn while that makes the error smaller.
Range mse_range(const std::vector<Bin>& bins, Range seen) {
  Range best = seen;
  double best_error = squared_error(bins, grid_of(seen.low, seen.high, true));
  for (int round = 0; round < 4; ++round) {
    const double before = best_error;
    for (const bool moves_high : {true, false}) {
      const Range from = best;
      for (int i = 1; i <= 40; ++i) {
        Range now = from;
        (moves_high ? now.high : now.low) *= std::exp2(-i / 8.0);
        const double error = squared_error(bins, grid_of(now.low, now.high, true));
        if (error >= best_error) continue;
        best = now;
        best_error = error;
      }
    }
    if (best_error >= before) break;
  }
  return best;
}

class Chooser {
 public:
  Chooser(const Histogram& histogram, bool asymmetric)
      : bins_(histogram.bins()),
        folded_(folded(bins_)),
        seen_{histogram.min(), histogram.max()},
        asymmetric_(asymmetric && seen_.low < 0 && seen_.high > 0),
        levels_(seen_.low >= 0 || asymmetric_ ? 255 : 127) {}

  Range by(Method method) const {
    switch (method) {
      case Method::Max:
        return seen_;
      case Method::Percentile:
        return clipped(percentile_threshold(folded_, kPercentile));
      case Method::Kl:
        return clipped(kl_threshold(folded_, levels_));
      case Method::Mse:
        return asymmetric_ ? mse_range(bins_, seen_) : clipped(mse_threshold(folded_, levels_));
      case Method::Aciq:
        return clipped(aciq_threshold(folded_, seen_.low >= 0 || seen_.high <= 0, levels_));
      case Method::Auto:
        break;
    }
    return best().second;
  }

  // The least error that any method reaches is not quite what is wanted: values that are clipped are those that stand
  // for something, and other samples may go beyond these. So the widest of the ranges wins that err little more.
  std::pair<Method, Range> best() const {
    constexpr Method kMethods[] = {Method::Max, Method::Percentile, Method::Kl, Method::Aciq, Method::Mse};
    std::array<Range, std::size(kMethods)> ranges;
    std::array<double, std::size(kMethods)> errors;
    for (size_t i = 0; i < ranges.size(); ++i) {
      ranges[i] = by(kMethods[i]);
      errors[i] = error_of(ranges[i]);
    }
    const double most = *std::min_element(errors.begin(), errors.end()) * kLittleMore;
    size_t widest = 0;
    for (size_t i = 1; i < ranges.size(); ++i)
      if (errors[i] <= most && (errors[widest] > most || width(ranges[i]) > width(ranges[widest]))) widest = i;
    if (kMethods[widest] != Method::Mse) return {kMethods[widest], ranges[widest]};
    return {Method::Mse, widened(ranges[widest], most)};
  }

 private:
  Range clipped(double threshold) const {
    return {std::clamp(seen_.low, -threshold, threshold), std::clamp(seen_.high, -threshold, threshold)};
  }
  static double width(Range r) { return r.high - r.low; }
  // Both ends moved toward what was seen as far as the error allows.
  Range widened(Range r, double most_error) const {
    constexpr int kSteps = 16;
    for (int i = kSteps; i > 0; --i) {
      const double share = static_cast<double>(i) / kSteps;
      const Range wide{r.low + share * (seen_.low - r.low), r.high + share * (seen_.high - r.high)};
      if (error_of(wide) <= most_error) return wide;
    }
    return r;
  }
  double error_of(Range r) const { return squared_error(bins_, grid_of(r.low, r.high, asymmetric_)); }

  std::vector<Bin> bins_, folded_;
  Range seen_;
  bool asymmetric_;  // and it makes a difference
  int levels_;
};

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [value, name] : kNames)
    if (value == method) return name;
  return "?";
}

Method parse_method(const std::string& text) {
  for (const auto& [value, name] : kNames)
    if (name == text) return value;
  throw UserError(diagnostic(ErrorCode::E2001, "--method `{}` is not known", text)
                      .note("hint", "one of max, percentile, kl, mse, aciq, auto"));
}

Grid grid_of(double low, double high, bool asymmetric) {
  const double most = std::max(std::fabs(low), std::fabs(high));
  if (low >= 0) return {0, high, high / 255};
  if (!asymmetric) return {-most, most, most / 127};
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  return {low, high, (high - low) / 255};
}

double squared_error(const std::vector<Bin>& bins, const Grid& grid) {
  double sum = 0;
  const double step = grid.step;
  // Mean of (x - edge)^2 for x spread from a to b.
  const auto beyond = [](double a, double b, double edge) {
    const double u = a - edge, v = b - edge;
    return (u * u + u * v + v * v) / 3;
  };
  for (const Bin& b : bins) {
    const double width = b.high - b.low;
    if (step <= 0 || b.high <= grid.low || b.low >= grid.high) {
      sum += b.count * beyond(b.low, b.high, b.high <= grid.low ? grid.low : grid.high);
      continue;
    }
    const double low = std::max(b.low, grid.low), high = std::min(b.high, grid.high);
    if (width <= 0) {  // zero, or a single value
      const double off = b.low - std::round(b.low / step) * step;
      sum += b.count * off * off;
      continue;
    }
    double error = (rounding_integral(high / step) - rounding_integral(low / step)) * step * step * step;
    if (b.low < low) error += beyond(b.low, low, grid.low) * (low - b.low);
    if (b.high > high) error += beyond(high, b.high, grid.high) * (b.high - high);
    sum += b.count * error / width;
  }
  return sum;
}

TensorRange choose_range(const Histogram& histogram, const RangeRequest& request) {
  TensorRange r;
  const auto bound = [](double x) { return static_cast<float>(std::clamp(x, -kLargestBound, kLargestBound)); };
  r.seen_min = bound(histogram.min());
  r.seen_max = bound(histogram.max());
  const Chooser chooser(histogram, request.asymmetric);
  Method method = request.method;
  const bool has_one_value = r.seen_min == r.seen_max;
  const bool tells_little = request.samples < kFewSamples || histogram.count() < kFewValues || request.keep_extremes;
  if (has_one_value || (method == Method::Auto && tells_little)) method = Method::Max;
  Range range;
  if (method == Method::Auto)
    std::tie(method, range) = chooser.best();
  else
    range = chooser.by(method);
  r.min = bound(range.low);
  r.max = bound(range.high);
  r.method = to_string(method);
  return r;
}

}  // namespace tpuc::quant
