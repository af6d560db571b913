// The chip's memories: sizes and where the DMA sees them.   source: TIU.md section 2, GDMA.md section 1
#pragma once

#include <cstdint>

namespace tpuc::bm1684x {

inline constexpr int kLaneCount = 64;
inline constexpr uint64_t kLaneBytes = 262144;
inline constexpr uint64_t kLocalBytes = kLaneCount * kLaneBytes;
inline constexpr uint64_t kStaticBytes = 65536;
inline constexpr uint64_t kL2Bytes = 0x1FB000;
inline constexpr uint64_t kLocalBase = 0x08000000;
inline constexpr uint64_t kStaticBase = 0x09000000;
inline constexpr uint64_t kL2Base = 0x10000000;
inline constexpr uint64_t kDdrBase = 0x100000000;

enum class Space : uint8_t { Local, Static, L2, Ddr };
inline constexpr int kSpaceCount = 4;

}  // namespace tpuc::bm1684x
