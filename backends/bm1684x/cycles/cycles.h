// What one command costs by the vendor's own estimate: cycles at 1 GHz, multiplications, DDR traffic. The planner asks
// with instructions it has not emitted yet; profile and the timeline with those of a file.
//   source: CYCLES.md; equal to the vendor's time line, command by command
#pragma once

#include <cstdint>

#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/isa/isa.h"

namespace tpuc::bm1684x {

struct Cost {
  uint64_t cycles = 0;
  uint64_t macs = 0;  // of the matrix units; their element type is mac_type
  Prec mac_type = Prec::I8;
  uint64_t ddr_read_bytes = 0, ddr_written_bytes = 0;
  uint64_t ddr_source = 0;  // address of what is read, where ddr_read_bytes > 0
};

Cost cost_of(const TiuInstr& instr);
Cost cost_of(const GdmaInstr& instr);
inline uint64_t cycles_of(const TiuInstr& instr) { return cost_of(instr).cycles; }
inline uint64_t cycles_of(const GdmaInstr& instr) { return cost_of(instr).cycles; }

// Multiplications per cycle of all lanes.
uint64_t peak_macs_per_cycle(Prec type);

}  // namespace tpuc::bm1684x
