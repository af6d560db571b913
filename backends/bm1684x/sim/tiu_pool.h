// The two halves of PorD.
#pragma once

#include "backends/bm1684x/sim/tiu_context.h"

namespace tpuc::bm1684x {

// Operations 5 to 7: windows at the corners of listed regions.
void pool_regions(const TiuContext& context, const Pord& i);

}  // namespace tpuc::bm1684x
