// Executes TIU commands on a machine, bit for bit as the vendor's functional model. One command at a time: ids and
// dependencies are the two-queue simulator's business.
#pragma once

#include "backends/bm1684x/isa/tensor_view.h"
#include "backends/bm1684x/sim/machine.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc::bm1684x {

// Traps are UserError E6101 to E6103; only those that depend on data (an index beyond its table) may leave part of a
// result. The machine's command name should be set before.
void exec_tiu(Machine& machine, ThreadPool& pool, const TiuInstr& instr);

}  // namespace tpuc::bm1684x
