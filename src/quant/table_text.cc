// tpu-mlir's calibration tables: lines `name threshold min max`. The threshold is for symmetric grids, min and max for
// asymmetric ones; our range holds both as far as they agree.
#include "quant/table_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <vector>

namespace tpuc {
namespace quant {
namespace {

constexpr size_t kMaxFields = 4;

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  size_t at = 0;
  while (out.size() <= kMaxFields) {
    at = line.find_first_not_of(" \t\r", at);
    if (at == std::string_view::npos) break;
    const size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

// The text in front of a message's line number is somebody else's: only printable ASCII of it is shown.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

float number_of(std::string_view text, size_t line, const std::string& file) {
  double x = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc() || end != text.data() + text.size() || !(std::fabs(x) <= kLargestBound))
    throw bad_table(file,
                    fmt::format("line {}: `{}` is not a number of at most {:.0e}", line, shown(text), kLargestBound));
  return static_cast<float>(x);
}

TensorRange range_of(float threshold, float low, float high) {
  TensorRange r;
  r.seen_min = low;
  r.seen_max = high;
  r.min = std::clamp(low, -threshold, threshold);
  r.max = std::clamp(high, -threshold, threshold);
  if (std::max(std::fabs(r.min), std::fabs(r.max)) < threshold) {  // wider than what was seen: the larger side grows
    if (r.max >= -r.min)
      r.max = threshold;
    else
      r.min = -threshold;
  }
  return r;
}

// "396_Conv" -> "396": tpu-mlir adds the operator's kind to an ONNX tensor's name.
std::string_view without_kind(std::string_view name) {
  const size_t at = name.rfind('_');
  if (at == std::string_view::npos || at == 0 || at + 1 >= name.size()) return {};
  const std::string_view kind = name.substr(at + 1);
  const bool is_kind = std::isupper(static_cast<unsigned char>(kind[0])) != 0 &&
                       std::all_of(kind.begin(), kind.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  return is_kind ? name.substr(0, at) : std::string_view{};
}

// Ranges for other element types follow under a heading of their own.
bool begins_other_section(std::string_view line) {
  return line.starts_with("#int4_th") || line.starts_with("#fp8") || line.starts_with("#asym_op") ||
         line.starts_with("#weight_scale");
}

}  // namespace

CalibrationTable parse_peer_text(std::string_view text, const std::string& file) {
  CalibrationTable table;
  std::vector<std::string> names;  // in the order of the file
  size_t line_number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (begins_other_section(line)) break;
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.empty() || fields[0].starts_with('#')) continue;
    if (fields.size() != kMaxFields)
      throw bad_table(file, fmt::format("line {} is not `name threshold min max`, and it is no JSON", line_number));
    if (fields[0].size() > kMaxNameBytes || names.size() >= kMaxRows)
      throw bad_table(file, fmt::format("line {}: a name longer than {} bytes, or more than {} rows", line_number,
                                        kMaxNameBytes, kMaxRows));
    const float threshold = number_of(fields[1], line_number, file), low = number_of(fields[2], line_number, file),
                high = number_of(fields[3], line_number, file);
    if (threshold < 0 || low > high)
      throw bad_table(file, fmt::format("line {}: the threshold is negative, or min is above max", line_number));
    names.emplace_back(fields[0]);
    if (!table.ranges.emplace(names.back(), range_of(threshold, low, high)).second)
      throw bad_table(file, fmt::format("line {}: `{}` has a row already", line_number, shown(fields[0])));
  }
  if (names.empty()) throw bad_table(file, "it holds no rows");
  for (const std::string& name : names)
    if (const std::string_view bare = without_kind(name); !bare.empty())
      table.ranges.try_emplace(std::string(bare), table.ranges.at(name));
  return table;
}

}  // namespace quant

std::string to_peer_text(const CalibrationTable& table) {
  std::string out = fmt::format("# sample number: {}\n###\n# op_name    threshold    min    max\n", table.samples);
  for (const auto& [name, r] : table.ranges)
    out += fmt::format("{} {:.7f} {:.7f} {:.7f}\n", name, std::max(std::fabs(r.min), std::fabs(r.max)), r.min, r.max);
  return out;
}

}  // namespace tpuc
