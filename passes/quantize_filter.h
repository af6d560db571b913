// Constant filters and matrices as 8-bit integers.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "tpuc/ir/tensor.h"

namespace tpuc {

// Weights in i8: weight = (integer - zero) * scale of its output channel.
struct QuantizedFilter {
  Tensor weights;
  std::vector<float> scale;
  std::vector<double> sums;        // of the integers of a channel, less the zero point
  int32_t zero = 0;                // of all
  std::optional<Tensor> opt_rest;  // i8, to be added to `weights`
};

// What is done about weights that were quantized to 9 bits, as unsigned ones less their zero point are.
enum class WideWeights : uint8_t {
  Round,    // to 8 bits
  Shift,    // by a zero point
  TwoParts  // the sum of two tensors
};

// Symmetric, one scale per output channel. Weights that are multiples of one step, as those of networks that were
// quantized before, keep their integers. Others are rounded.
// `channel_of` maps an element's row-major index to its output channel; `taps` consecutive elements see neighbouring
// elements of one input channel, and are rounded up or down so that their sum is kept.
QuantizedFilter quantize_filter(const Tensor& filter, int64_t channels, int64_t taps,
                                const std::function<int64_t(int64_t)>& channel_of, WideWeights wide);

// Weights so near to a multiple of their step lie on it.   of a step; products of two f32 are off by less
inline constexpr double kOnInteger = 1e-4;
// The largest step that all values are multiples of, at most `most` of them; nothing where there is none.
std::optional<double> step_of(const std::vector<double>& values, int most);
// The step of all weights of a filter that keeps its integers, of up to 9 bits; nothing where channels have their own.
std::optional<double> common_step(const std::vector<double>& filter);
// One output channel's: its own, or the one that makes its largest weight 127.
struct ChannelStep {
  double step = 1;
  bool is_own = false;  // all weights are multiples of it
};
ChannelStep channel_step(const std::vector<double>& channel);

}  // namespace tpuc
