// See the header.
#include "passes/weight_grid.h"

#include <algorithm>
#include <cmath>

#include "passes/integer_weights.h"
#include "passes/quantize_filter.h"

namespace tpuc {
namespace {

// A step for each output channel.
WeightGrid grid_of_channels(const std::vector<double>& weights, const FilterLayout& layout) {
  std::vector<std::vector<double>> channels(static_cast<size_t>(layout.outputs));
  for (size_t i = 0; i < weights.size(); ++i)
    channels[static_cast<size_t>(layout.output(static_cast<int64_t>(i)))].push_back(weights[i]);
  std::vector<double> steps;
  for (const std::vector<double>& channel : channels)
    steps.push_back(static_cast<double>(static_cast<float>(channel_step(channel).step)));
  WeightGrid grid;
  grid.zeros.resize(weights.size());
  for (size_t i = 0; i < weights.size(); ++i)
    grid.steps.push_back(steps[static_cast<size_t>(layout.output(static_cast<int64_t>(i)))]);
  return grid;
}

// A step and a zero point for some rows of a column of a matrix.
WeightGrid grid_of_groups(const std::vector<double>& weights, const FilterLayout& layout, int64_t bits) {
  const int64_t group = rounded_group(layout.inputs, bits);
  const auto group_of = [&](size_t i) {
    const auto at = static_cast<int64_t>(i);
    return static_cast<size_t>(layout.input(at) / group * layout.outputs + layout.output(at));
  };
  std::vector<double> low(static_cast<size_t>((layout.inputs + group - 1) / group * layout.outputs)), high = low;
  for (size_t i = 0; i < weights.size(); ++i) {
    low[group_of(i)] = std::min(low[group_of(i)], weights[i]);
    high[group_of(i)] = std::max(high[group_of(i)], weights[i]);
  }
  WeightGrid grid;
  for (size_t i = 0; i < weights.size(); ++i) {
    const IntegerGrid own = integer_grid(low[group_of(i)], high[group_of(i)], bits);
    grid.steps.push_back(static_cast<double>(own.step)), grid.zeros.push_back(own.zero);
    grid.least = own.least, grid.most = own.most;
  }
  return grid;
}

}  // namespace

std::optional<WeightGrid> weight_grid(const Op& op, const FilterLayout& layout, int64_t bits) {
  const std::vector<double> weights = op.in(1)->tensor().to_f64();
  if (!std::all_of(weights.begin(), weights.end(), [](double x) { return std::isfinite(x); })) return {};
  if (common_step(weights)) return {};
  return bits == 4 ? grid_of_groups(weights, layout, bits) : grid_of_channels(weights, layout);
}

Choice choice_at(const WeightGrid& grid, size_t index, double weight) {
  const double place = weight / grid.steps[index] + grid.zeros[index], nearest = std::nearbyint(place);
  const auto held = [&](double x) { return std::clamp(x, grid.least, grid.most); };
  if (std::abs(place - nearest) < kOnInteger) return {held(nearest), held(nearest)};
  return {held(std::floor(place)), held(std::ceil(place))};
}

}  // namespace tpuc
