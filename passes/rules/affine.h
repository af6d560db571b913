// Arithmetic that the rules on per-channel affine maps share: constants as channel vectors, scaled filters.
#pragma once

#include <optional>
#include <vector>

#include "ops/norm.h"
#include "tpuc/rewrite/rewriter.h"

namespace tpuc {

// y = x * s + t for each channel.
struct Affine {
  std::vector<double> s, t;
};

// A constant that broadcasts over x along axis 1 only (or is a single number), one entry per channel; nothing where it
// varies along another axis, would enlarge x, or x has no channel axis.
std::optional<std::vector<double>> channel_values(const Tensor& c, const TensorType& x);
// Of a scale op with constant operands.
Affine affine_of(const Tensor& s, const Value* opt_t);
// An f32 constant [C].
Value* channel_constant(Rewriter& rw, const std::vector<double>& values);

// w (any float type) with element i multiplied by factor[channel(i)], where channel = i / inner % channels.
Tensor scaled(const Tensor& w, const std::vector<double>& factor, int64_t inner);

bool all_zero(const std::vector<double>& values);

}  // namespace tpuc
