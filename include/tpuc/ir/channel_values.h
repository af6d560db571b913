// A number for each channel of a tensor.
#pragma once

#include <cstdint>
#include <vector>

namespace tpuc {

// Empty where nothing is known.
struct ChannelValues {
  int64_t axis = 1;
  std::vector<float> values;
  bool operator==(const ChannelValues&) const = default;
};

}  // namespace tpuc
