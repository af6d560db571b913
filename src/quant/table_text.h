// The text form of tpu-mlir's calibration tables, and what both readers of tables share.
#pragma once

#include <string>
#include <string_view>

#include "tpuc/quant/table.h"
#include "tpuc/support/check.h"

namespace tpuc::quant {

inline constexpr size_t kMaxRows = 1'000'000;
inline constexpr size_t kMaxNameBytes = 4096;
inline constexpr double kLargestBound = 1e38;  // so that max - min and a scale times 255 stay finite in f32

// E3030.
UserError bad_table(const std::string& file, const std::string& what);

CalibrationTable parse_peer_text(std::string_view text, const std::string& file);

}  // namespace tpuc::quant
