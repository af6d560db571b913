// mod, and the quotient of integers, which the chip has no command for.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel mod_kernel();

// div of i32: scratch and commands. Both share them with mod.
Footprint remainder_footprint(const Op& op, const Region& out);
void emit_integer_quotient(const Op& op, const TileCtx& t, Emitter& e);

}  // namespace tpuc::bm1684x
