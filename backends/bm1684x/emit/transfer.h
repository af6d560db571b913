// The command that one load or store between DDR and local memory becomes: what the emitter sends, and what those who
// plan ask the price of.
#pragma once

#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/local_tensor.h"

namespace tpuc::bm1684x {

// Shapes of both sides are equal. out.shared: one channel to all lanes.
GdmaInstr load_command(const LocalTensor& out, const DdrTensor& in);
GdmaInstr store_command(const DdrTensor& out, const LocalTensor& in);

}  // namespace tpuc::bm1684x
