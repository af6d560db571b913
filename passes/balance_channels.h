// Numbers that make the channels of a tensor alike, so that one scale serves them all: cross-layer equalization between
// convolutions, SmoothQuant between a normalization and the matrices behind it.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "passes/channel_path.h"
#include "tpuc/pass/quantization.h"

namespace tpuc {

// By name of the tensor, from the largest magnitude of each channel on samples. Tensors are left out where rounding to
// 8 bits is not expected to err clearly less.
std::unordered_map<std::string, ChannelValues> balancing_scales(
    const Graph& canonical, const std::unordered_map<std::string, ChannelValues>& magnitudes);

}  // namespace tpuc
