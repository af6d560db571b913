// Weighted sums of neighbours along H and W: linear and cubic resize, and those of bytes.
#pragma once

#include <vector>

#include "backends/bm1684x/kernel.h"
#include "ops/resize.h"

namespace tpuc::bm1684x {

// The taps of both axes, of whole tensors; of an untouched axis one tap, so that a tile needs nothing beside it.
struct WeightedResize {
  ops::ResizeAxis h, w;
  int64_t in_h = 0, in_w = 0;  // extents of the tensor
};

// Every line is its own, whatever else has a weight of 0.
bool is_untouched(const ops::ResizeAxis& axis, int64_t in_size);

// Of the tile `out` that is made of the box `in`; `prec`: of both.
std::vector<int64_t> weighted_scratch(const WeightedResize& r, Prec prec, const Region& in, const Region& out);
void emit_weighted(const WeightedResize& r, const TileCtx& t, const Region& in, bool is_signed, Emitter& e);

}  // namespace tpuc::bm1684x
