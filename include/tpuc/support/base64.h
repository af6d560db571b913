// Bytes as text of letters, digits, + and /, as RFC 4648 has it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tpuc {

std::string to_base64(std::span<const uint8_t> bytes);
// Nothing where the text is no base64: other characters, no multiple of four, bits that are lost.
std::optional<std::vector<uint8_t>> from_base64(std::string_view text);

}  // namespace tpuc
