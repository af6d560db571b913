// A filter that is computed at run time, brought into the order of the convolution array inside local memory.
#pragma once

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/conv_pack.h"

namespace tpuc::bm1684x {

// `in`: [1, O, 1, ic * taps] of the layout's element type, aligned; the result at `out`.
void pack_filter_at_run_time(const FilterLayout& layout, uint32_t out, const LocalTensor& in, Emitter& e);

}  // namespace tpuc::bm1684x
