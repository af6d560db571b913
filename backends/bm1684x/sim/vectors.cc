// Files of golden vectors: finding them, reading their arrays, telling the outcome.
#include "backends/bm1684x/sim/vectors.h"

#include <algorithm>
#include <filesystem>

#include "backends/bm1684x/sim/vector_file.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

VectorFile::VectorFile(const std::string& path) : name_(std::filesystem::path(path).filename().string()) {
  try {
    for (auto& [array, value] : read_npz(path)) arrays_[array] = std::move(value);
  } catch (const UserError& e) {
    damaged(e.what());
  }
}

void VectorFile::damaged(const std::string& why) const {
  throw UserError(diagnostic(ErrorCode::E6104, "{}: {}", name_, why));
}

const NpyArray& VectorFile::get(const std::string& array, const std::string& dtype) const {
  const auto found = arrays_.find(array);
  if (found == arrays_.end()) damaged(fmt::format("array `{}` is missing", array));
  if (found->second.dtype != dtype)
    damaged(fmt::format("array `{}` has type {}, not {}", array, found->second.dtype, dtype));
  return found->second;
}

void VectorReport::add(const std::string& instruction, const std::string& where, const std::string& failure) {
  Count& count = by_instruction[instruction];
  ++(failure.empty() ? count.passed : count.failed);
  ++(failure.empty() ? passed : failed);
  if (!failure.empty()) failures.push_back(fmt::format("{} ({}): {}", where, instruction, failure));
}

VectorReport replay_vectors(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".npz") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  VectorReport report;
  for (const std::string& path : paths) {
    const VectorFile file(path);
    if (file.has("cmd_offset")) {
      replay_gdma(file, report);
    } else if (file.has("n")) {
      replay_tiu(file, report);
    } else {
      file.damaged("neither a file of TIU nor of GDMA vectors: it has no array `n` and none `cmd_offset`");
    }
  }
  if (report.passed + report.failed == 0)
    throw UserError(diagnostic(ErrorCode::E6104, "`{}` holds no golden vectors", folder));
  return report;
}

std::string to_text(const VectorReport& report) {
  std::string text;
  for (const auto& [name, count] : report.by_instruction)
    text += fmt::format("{:<28} {:4} passed {:4} failed\n", name, count.passed, count.failed);
  for (const std::string& failure : report.failures) text += failure + "\n";
  return text + fmt::format("{} passed, {} failed\n", report.passed, report.failed);
}

}  // namespace tpuc::bm1684x
