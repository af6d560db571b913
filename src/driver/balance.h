// Makes a network's channels alike before it is calibrated (passes/balance_channels.h).
#pragma once

#include <string>
#include <unordered_map>

#include "quant/calibrate.h"
#include "tpuc/pass/quantization.h"

namespace tpuc {

using ChannelScales = std::unordered_map<std::string, ChannelValues>;

// The axis of the channels of what a convolution or a constant matrix reads: calibration tells these apart.
std::optional<int64_t> read_channel_axis(const Value& v);

// Scales from some of the samples, applied to the network; what it computes stays the same. None for a network that
// arrives quantized.
ChannelScales balance_channels(Module& canonical, const quant::SampleSource& samples, unsigned threads);
// Those of a table.
void apply_channel_scales(Module& canonical, const CalibrationTable& table);

}  // namespace tpuc
