// See the header. exact: an element fits an integer where the step lies in an interval; the step of a group is a number
// in the intersection of its elements' intervals, and the result is compared bit for bit.
#include "passes/integer_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "ops/weight_matmul.h"
#include "tpuc/numerics/half.h"
#include "tpuc/support/int_math.h"

namespace tpuc {
namespace {

constexpr int64_t kGroup = 64;  // rows of 4 bits that share a step, where they are asked for
constexpr std::array<int64_t, 5> kGroups{256, 128, 64, 32, 16};
constexpr int kMostSteps = 255;  // that the smallest element of a group may be
constexpr double kMostRange = 255;

// Half the distance to the next number of the type: what rounding may have changed.
double half_unit(DType t, double x) {
  const int digits = t == DType::F32 ? 24 : t == DType::F16 ? 11 : 8, lowest = t == DType::F16 ? -14 : -126;
  return std::ldexp(0.5, std::max(std::ilogb(x), lowest) - digits + 1);
}

// One column's part that shares a step.
struct Fit {
  float step = 1;
  int64_t low = 0, high = 0;  // the integers
};

class Finder {
 public:
  explicit Finder(const Tensor& w)
      : type_(w.dtype()), depth_(w.dims()[0]), columns_(w.dims()[1]), values_(w.to_f32()) {}

  std::optional<IntegerWeights> find(int64_t group) {
    std::vector<Fit> fits;
    for (int64_t begin = 0; begin < depth_; begin += group)
      for (int64_t n = 0; n < columns_; ++n) {
        const std::optional<Fit> f = fit(begin, std::min(depth_, begin + group), n);
        if (!f) return {};
        fits.push_back(*f);
      }
    return written(fits, group);
  }

 private:
  double at(int64_t k, int64_t n) const { return static_cast<double>(values_[static_cast<size_t>(k * columns_ + n)]); }

  std::optional<Fit> fit(int64_t begin, int64_t end, int64_t n) {
    sorted_.clear();
    for (int64_t k = begin; k < end; ++k)
      if (const double x = at(k, n); x != 0) sorted_.push_back(x);
    if (sorted_.empty()) return Fit{};
    std::sort(sorted_.begin(), sorted_.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double least = std::abs(sorted_.front()), most = std::abs(sorted_.back());
    if (!std::isfinite(most)) return {};
    for (int steps = 1; steps <= kMostSteps && most * steps <= least * (kMostRange + 1); ++steps)
      if (const auto f = fit_with(steps)) return f;
    return {};
  }

  // The smallest element being so many steps: each larger one tells the step more exactly.
  std::optional<Fit> fit_with(int steps) const {
    const double first = std::abs(sorted_.front()), slack = half_unit(type_, first);
    double low = (first - slack) / steps, high = (first + slack) / steps;  // of the step
    Fit f;
    for (const double x : sorted_) {
      const double size = std::abs(x), unit = half_unit(type_, x), q = std::round(2 * size / (low + high));
      low = std::max(low, (size - unit) / q), high = std::min(high, (size + unit) / q);
      if (low > high || q > kMostRange) return {};
      const auto integer = static_cast<int64_t>(std::copysign(q, x));
      f.low = std::min(f.low, integer), f.high = std::max(f.high, integer);
    }
    const auto middle = static_cast<float>(low + (high - low) / 2);
    if (!std::isnormal(middle) || static_cast<double>(f.high - f.low) > kMostRange) return {};
    // A network of halves has steps of halves.
    for (const float step : {middle, f16_to_f32(f32_to_f16(middle)), bf16_to_f32(f32_to_bf16(middle))}) {
      f.step = step;
      if (gives_all(step)) return f;
    }
    return {};
  }

  bool gives_all(float step) const {
    return std::all_of(sorted_.begin(), sorted_.end(), [&](double x) {
      const float y = static_cast<float>(std::round(x / static_cast<double>(step))) * step;
      const float rounded = type_ == DType::F16    ? f16_to_f32(f32_to_f16(y))
                            : type_ == DType::BF16 ? bf16_to_f32(f32_to_bf16(y))
                                                   : y;
      return static_cast<double>(rounded) == x;
    });
  }

  IntegerWeights written(const std::vector<Fit>& fits, int64_t group) const {
    const auto all_in = [&](int64_t low, int64_t high) {
      return std::all_of(fits.begin(), fits.end(), [&](const Fit& f) { return f.low >= low && f.high <= high; });
    };
    IntegerWeights w;
    w.bits = std::all_of(fits.begin(), fits.end(), [](const Fit& f) { return f.high - f.low <= 15; }) ? 4 : 8;
    w.group = group >= depth_ ? 0 : group;
    const bool is_centred = w.bits == 4 ? all_in(-8, 7) : all_in(-128, 127);
    w.zero = w.bits == 4 && is_centred ? 8 : 0;
    w.steps = Tensor(DType::F32, {ceil_div(depth_, group), is_centred ? 1 : 2, columns_});
    const auto steps = w.steps.as_mutable<float>();
    const auto planes = static_cast<size_t>(is_centred ? 1 : 2), columns = static_cast<size_t>(columns_);
    for (size_t i = 0; i < fits.size(); ++i) {
      const size_t place = i / columns * planes * columns + i % columns;
      steps[place] = fits[i].step;
      if (!is_centred) steps[place + columns] = static_cast<float>(-fits[i].low);
    }
    std::vector<double> integers(values_.size());
    for (size_t i = 0; i < integers.size(); ++i) {
      const Fit& f = fits[i / columns / static_cast<size_t>(group) * columns + i % columns];
      integers[i] = std::round(static_cast<double>(values_[i]) / static_cast<double>(f.step)) +
                    static_cast<double>(is_centred ? w.zero : -f.low);
    }
    w.integers = Tensor(w.bits == 8 && is_centred ? DType::I8 : DType::U8, {depth_, columns_});
    w.integers.assign_f64(integers);
    return w;
  }

  DType type_;
  int64_t depth_, columns_;
  std::vector<float> values_;
  std::vector<double> sorted_;  // of one group, by size; kept for its memory
};

}  // namespace

std::optional<IntegerWeights> find_integers(const Tensor& w) {
  Finder finder(w);
  const int64_t depth = w.dims()[0];
  std::optional<IntegerWeights> found = finder.find(depth);
  for (const int64_t group : kGroups)
    if (!found && group < depth) found = finder.find(group);
  if (!found) return {};
  const Tensor again =
      ops::dequantized_weights(found->bits == 4 ? ops::pack_nibbles(found->integers) : found->integers, found->steps,
                               {.bits = found->bits, .group = found->group, .zero = found->zero}, depth, w.dtype());
  return again.to_f32() == w.to_f32() ? std::move(found) : std::nullopt;  // +0 and -0 are one number
}

IntegerGrid integer_grid(double low, double high, int64_t bits) {
  const auto range = static_cast<float>(bits == 8 ? std::max(-low, high) / 127 : (high - low) / 15);
  const float step = std::isnormal(range) ? range : 1;
  if (bits == 8) return {step, 0, -127, 127};
  return {step, std::clamp(std::round(-low / static_cast<double>(step)), 0.0, 15.0), 0, 15};
}

int64_t rounded_group(int64_t depth, int64_t bits) { return bits == 8 ? depth : std::min(kGroup, depth); }

IntegerWeights round_to_integers(const Tensor& w, int64_t bits) {
  const int64_t depth = w.dims()[0], columns = w.dims()[1], group = rounded_group(depth, bits);
  const int64_t planes = bits == 8 ? 1 : 2;
  const std::vector<float> values = w.to_f32();
  IntegerWeights out{Tensor(bits == 8 ? DType::I8 : DType::U8, {depth, columns}),
                     Tensor(DType::F32, {ceil_div(depth, group), planes, columns}), bits, group == depth ? 0 : group,
                     0};
  const auto steps = out.steps.as_mutable<float>();
  std::vector<double> integers(values.size());
  const auto index = [&](int64_t row, int64_t n) { return static_cast<size_t>(row * columns + n); };
  for (int64_t begin = 0; begin < depth; begin += group)
    for (int64_t n = 0; n < columns; ++n) {
      const int64_t end = std::min(depth, begin + group);
      double low = 0, high = 0;
      for (int64_t k = begin; k < end; ++k) {
        low = std::min(low, static_cast<double>(values[index(k, n)]));
        high = std::max(high, static_cast<double>(values[index(k, n)]));
      }
      const IntegerGrid grid = integer_grid(low, high, bits);
      steps[index(begin / group * planes, n)] = grid.step;
      if (bits == 4) steps[index(begin / group * planes + 1, n)] = static_cast<float>(grid.zero);
      for (int64_t k = begin; k < end; ++k)
        integers[index(k, n)] = std::clamp(
            std::round(static_cast<double>(values[index(k, n)]) / static_cast<double>(grid.step)) + grid.zero,
            grid.least, grid.most);
    }
  out.integers.assign_f64(integers);
  return out;
}

}  // namespace tpuc
