// The 64 bytes in front of a bmodel's flatbuffer.   source: BMODEL.md section 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tpuc::bm1684x::bmodel {

inline constexpr uint32_t kMagic = 0xFF55AAEE;
inline constexpr uint64_t kHeaderBytes = 64;

// Packed in the file: magic at 0, header_bytes at 4, flatbuffer_bytes at 8, binary_bytes at 12, zeros up to 64.
struct Header {
  uint32_t magic, header_bytes, flatbuffer_bytes;
  uint64_t binary_bytes;
};
// `file` holds at least 64 bytes.
Header get_header(std::span<const std::byte> file);
void put_header(const Header& header, std::span<std::byte> file);

}  // namespace tpuc::bm1684x::bmodel
