// Sums and maxima over H and W of a local tensor: the step that reductions, softmax and normalizations share.
#pragma once

#include "backends/bm1684x/emit/emitter.h"

namespace tpuc::bm1684x {

// The longest extent that is reduced at once.   source: TIU.md section 4: longer windows were not tried
inline constexpr int64_t kMostReduced = 16384;

enum class RowKind : uint8_t { Sum, Max };

// Bytes of the scratch tensor that reduce_axes needs for `in`, a lane.
int64_t reduce_scratch_bytes(Prec prec, const Shape4& in);

// out = factor * sum, or max (factor unused), over all of H and / or W of `in`; out has extent 1 there. Both aligned
// and of one type. Sums of f32 run in two accumulators; halves would be rounded at every step, so callers widen them.
//   source: TIU.md section 5, COOKBOOK.md sections 4 and 5
void reduce_axes(RowKind kind, const LocalTensor& out, const LocalTensor& in, float factor, uint32_t scratch,
                 Emitter& e);

}  // namespace tpuc::bm1684x
