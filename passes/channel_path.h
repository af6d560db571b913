// Where a value may be divided by a number for each channel without changing what the network computes: what makes it
// can divide, and its readers' weights can multiply.
#pragma once

#include <optional>
#include <vector>

#include "tpuc/ir/graph.h"

namespace tpuc {

struct ChannelPath {
  Value* read = nullptr;     // what the readers read
  Op* producer = nullptr;    // a convolution, a constant matrix, a normalization, or a scale
  std::vector<Op*> readers;  // convolutions and constant matrices
  int64_t axis = 1, channels = 0;
};

// Between the producer and the value only what f(x / s) = f(x) / s holds for: relu, leaky relus, pools.
std::optional<ChannelPath> channel_path(const Graph& graph, Value& v);

// Divides the value by `scales`, one for each channel.
void divide_channels(Graph& graph, const ChannelPath& path, const std::vector<double>& scales);

}  // namespace tpuc
