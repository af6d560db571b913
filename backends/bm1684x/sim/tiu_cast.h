// AR cast: one chunk from any element type to another.
#pragma once

#include "backends/bm1684x/sim/element_loop.h"

namespace tpuc::bm1684x {

void cast_chunk(const Ar& i, const Chunk& c);

}  // namespace tpuc::bm1684x
