// See the header.
#include "quant/channel_statistics.h"

#include <algorithm>
#include <cmath>

namespace tpuc::quant {
namespace {

constexpr double kMeanSteps = 65536;  // of the largest mean

}  // namespace

void ChannelStatistics::add(const Dims& dims, int64_t axis, std::span<const float> values) {
  const auto channels = static_cast<size_t>(dims[static_cast<size_t>(axis)]);
  size_t inner = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < dims.size(); ++i) inner *= static_cast<size_t>(dims[i]);
  axis_ = axis;
  sums_.resize(channels);
  largest_.resize(channels);
  if (channels == 0 || inner == 0) return;
  count_ += static_cast<int64_t>(values.size() / channels);
  for (size_t row = 0; row * inner < values.size(); ++row) {
    double sum = 0;
    float largest = 0;
    for (const float x : values.subspan(row * inner, inner)) {
      if (!std::isfinite(x)) continue;
      sum += x;
      largest = std::max(largest, std::fabs(x));
    }
    sums_[row % channels] += sum;
    largest_[row % channels] = std::max(largest_[row % channels], largest);
  }
}

void ChannelStatistics::add(const ChannelStatistics& other) {
  if (other.sums_.empty()) return;
  axis_ = other.axis_;
  count_ += other.count_;
  sums_.resize(other.sums_.size());
  largest_.resize(other.largest_.size());
  for (size_t i = 0; i < sums_.size(); ++i) {
    sums_[i] += other.sums_[i];
    largest_[i] = std::max(largest_[i], other.largest_[i]);
  }
}

ChannelValues ChannelStatistics::means() const {
  ChannelValues out{axis_, std::vector<float>(sums_.size())};
  double largest = 0;
  for (const double sum : sums_) largest = std::max(largest, std::abs(sum));
  if (largest == 0 || count_ == 0) return out;
  const double step = std::exp2(std::ceil(std::log2(largest))) / kMeanSteps;
  for (size_t i = 0; i < sums_.size(); ++i)
    out.values[i] = static_cast<float>(std::nearbyint(sums_[i] / step) * step / static_cast<double>(count_));
  return out;
}

ChannelValues ChannelStatistics::magnitudes() const { return {axis_, largest_}; }

}  // namespace tpuc::quant
