// Versions of the program and of what it writes.
#pragma once

#include <string_view>

namespace tpuc {

inline constexpr std::string_view kVersion = "0.1.0";        // equal to CMakeLists.txt's, which a test compares
inline constexpr std::string_view kIrVersion = "tpuc-ir/1";  // schema name in JSON dumps of graphs

}  // namespace tpuc
