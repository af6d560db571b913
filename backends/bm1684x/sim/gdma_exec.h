// What each GDMA function does to the memories. Byte-exact with the chip's functional model; where the model aborts,
// these trap.   source: GDMA.md sections 4 and 5
#pragma once

#include <cstdint>
#include <optional>

#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/sim/machine.h"

namespace tpuc::bm1684x {

// Executes one command. The result is the content of the result register that masked select and nonzero set.
std::optional<uint32_t> execute(const GdmaInstr& instr, Machine& m);

// The functions by type; execute() picks one.
void execute_tensor(const GdmaTensor& i, Machine& m);
void execute_cw_transpose(const GdmaCwTranspose& i, Machine& m);
void execute_general(const GdmaGeneral& i, Machine& m);
uint32_t execute_masked_select(const GdmaMaskedSelect& i, Machine& m);
uint32_t execute_nonzero(const GdmaNonzero& i, Machine& m);
void execute_gather(const GdmaIndexed& i, Machine& m);
void execute_scatter(const GdmaIndexed& i, Machine& m);

// A matrix move with its two sides named by place, not by direction: what the long and the short form have in common.
struct MatrixMove {
  GdmaHead head;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  uint64_t rows = 0, columns = 0, row_stride = 0;  // system side, elements
  uint64_t local_rows = 0, sections = 0, section_width = 0, local_nstride = 0, local_cstride = 0;  // local side
};
void execute_matrix(const MatrixMove& move, Machine& m);

}  // namespace tpuc::bm1684x
