// What each channel of a tensor holds, over all samples: its mean and its largest magnitude.
#pragma once

#include <span>
#include <vector>

#include "tpuc/ir/channel_values.h"
#include "tpuc/ir/tensor.h"

namespace tpuc::quant {

class ChannelStatistics {
 public:
  // Infinities are left out, as ranges leave them out.
  void add(const Dims& dims, int64_t axis, std::span<const float> values);
  void add(const ChannelStatistics& other);

  // Rounded to 2^-16 of the largest, so that the order in which samples came does not show.
  ChannelValues means() const;
  ChannelValues magnitudes() const;

 private:
  int64_t axis_ = 1, count_ = 0;
  std::vector<double> sums_;
  std::vector<float> largest_;
};

}  // namespace tpuc::quant
