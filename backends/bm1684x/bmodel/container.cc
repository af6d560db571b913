// Header bytes and data types: the parts of the container that need no flatbuffer.
#include "backends/bm1684x/bmodel/container.h"

#include <cstring>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x::bmodel {

Header get_header(std::span<const std::byte> file) {
  Header h{};
  std::memcpy(&h.magic, file.data(), 4);
  std::memcpy(&h.header_bytes, file.data() + 4, 4);
  std::memcpy(&h.flatbuffer_bytes, file.data() + 8, 4);
  std::memcpy(&h.binary_bytes, file.data() + 12, 8);
  return h;
}

void put_header(const Header& header, std::span<std::byte> file) {
  std::memcpy(file.data(), &header.magic, 4);
  std::memcpy(file.data() + 4, &header.header_bytes, 4);
  std::memcpy(file.data() + 8, &header.flatbuffer_bytes, 4);
  std::memcpy(file.data() + 12, &header.binary_bytes, 8);
}

bool is_bmodel(std::span<const std::byte> file) {
  return file.size() >= 4 && std::memcmp(file.data(), &kMagic, 4) == 0;
}

std::string_view name_of(DataType type) {
  static constexpr std::string_view kNames[] = {"f32", "f16", "i8",   "u8", "i16", "u16",
                                                "i32", "u32", "bf16", "i4", "u4"};
  return kNames[static_cast<size_t>(type)];
}

uint32_t bits_of(DataType type) {
  switch (type) {
    case DataType::F32:
    case DataType::I32:
    case DataType::U32:
      return 32;
    case DataType::F16:
    case DataType::BF16:
    case DataType::I16:
    case DataType::U16:
      return 16;
    case DataType::I8:
    case DataType::U8:
      return 8;
    case DataType::I4:
    case DataType::U4:
      return 4;
  }
  return 0;
}

uint64_t Tensor::byte_count() const {
  uint64_t elements = 1;
  for (const uint64_t d : shape)
    TPUC_CHECK(!__builtin_mul_overflow(elements, d, &elements) && elements < uint64_t{1} << 48, "`{}` is too large",
               name);
  return (elements * bits_of(type) + 7) / 8;
}

}  // namespace tpuc::bm1684x::bmodel
