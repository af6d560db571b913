// The parts of field.h that need no types: words, bytes and the overflow message.
#include "backends/bm1684x/isa/field.h"

namespace tpuc::bm1684x {

std::array<uint64_t, 16> load_words(std::span<const uint8_t> bytes) {
  std::array<uint64_t, 16> words{};
  for (size_t k = 0; k < bytes.size() && k < 128; ++k) words[k / 8] |= uint64_t{bytes[k]} << (8 * (k % 8));
  return words;
}

void append_words(std::span<const uint64_t> words, int bit_count, std::vector<uint8_t>& out) {
  for (int k = 0; k < bit_count / 8; ++k)
    out.push_back(static_cast<uint8_t>(words[static_cast<size_t>(k / 8)] >> (8 * (k % 8))));
}

void field_overflow(std::string_view instruction, std::string_view field, uint64_t value, int width) {
  throw InternalError(fmt::format("{}.{} = {} does not fit in {} bits", instruction, field, value, width));
}

}  // namespace tpuc::bm1684x
