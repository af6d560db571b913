// Prints comparisons; the figures themselves come from runtime/compare.
#include "driver/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace tpuc {

std::string to_text(std::span<const Comparison> rows, const Tolerance& tolerance) {
  size_t width = 1;
  for (const Comparison& row : rows) width = std::max(width, std::min<size_t>(row.name.size(), 40));
  std::string out;
  for (const Comparison& row : rows) {
    out += fmt::format("{:<{}}  {:<18} ", row.name, width, to_string(row.dims));
    if (!row.problem.empty()) {
      out += fmt::format("FAILS  {}\n", row.problem);
      continue;
    }
    const std::string sqnr = std::isinf(row.sqnr_db) ? "inf" : fmt::format("{:.1f}", row.sqnr_db);
    out += fmt::format("cosine {:.7f}  euclidean {:.6f}  max abs {:.4g}  SQNR {} dB{}\n", row.cosine, row.euclidean,
                       row.max_abs, sqnr,
                       !row.passes(tolerance) ? "  FAILS"
                       : row.identical        ? "  same bits"
                                              : "");
  }
  return out;
}

size_t count_failing(std::span<const Comparison> rows, const Tolerance& tolerance) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const Comparison& row) { return !row.passes(tolerance); }));
}

}  // namespace tpuc
