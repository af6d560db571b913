// What is brought into the order of a command inside local memory: filters computed at run time, scales of channels.
#pragma once

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/conv_pack.h"

namespace tpuc::bm1684x {

// `in`: [1, O, 1, ic * taps] of the layout's element type, aligned; the result at `out`.
void pack_filter_at_run_time(const FilterLayout& layout, uint32_t out, const LocalTensor& in, Emitter& e);

// Where the rows of a requantization are: in the image at `image`, or spread out from there to `scratch`.
uint32_t requantization_rows(const ChannelParameters& p, uint32_t image, uint32_t scratch, Emitter& e);

}  // namespace tpuc::bm1684x
