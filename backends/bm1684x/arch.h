// Facts of the chip that the compiler plans with. Each names its source.
#pragma once

#include <cstdint>

#include "backends/bm1684x/isa/memory_map.h"

namespace tpuc::bm1684x {

inline constexpr int64_t kLanes = kLaneCount;
inline constexpr int64_t kLaneRoom = static_cast<int64_t>(kLaneBytes);  // bytes of local memory per lane
inline constexpr int64_t kBankBytes = 16384;                            // TIU.md section 2
inline constexpr int64_t kEuBytes = 64;     // bytes one lane handles per cycle; alignment of tensors, TIU.md section 2
inline constexpr int64_t kDdrAlign = 4096;  // weights and memory blocks in a bmodel, BMODEL.md section 9
inline constexpr int64_t kMaxDim = 65535;   // 16-bit size fields, TIU.md section 14 and GDMA.md section 4
inline constexpr int64_t kMaxStride16 = 65535;          // n and c stride fields of AR, TIU.md section 2
inline constexpr int64_t kMaxStride20 = (1 << 20) - 1;  // h and w stride fields of AR, TIU.md section 2
inline constexpr int64_t kMaxConvStep = 15;             // stride, dilation, pads of one command, TIU.md section 4
inline constexpr uint32_t kMaxCommandId =
    0xF'0000;  // a group of streams ends before ids leave 20 bits, GDMA.md section 7

}  // namespace tpuc::bm1684x
