// Where a stage wants its memory and its inputs: shared by the simulator and the vendor's model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/sim/simulator.h"

namespace tpuc::bm1684x {

// DDR up to the end of the stage's last region: whatever lies behind is a stray access. throws UserError E6002 for
// regions outside of the chip's DDR.
uint64_t ddr_bytes_of(const bmodel::Stage& stage);

// The bytes for an input. throws UserError E6005 where they are missing or too many or few.
std::span<const std::byte> bytes_for(const bmodel::Tensor& input, const SimInputs& inputs);

}  // namespace tpuc::bm1684x
