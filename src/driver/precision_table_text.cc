// The peer's form of precision tables: lines `name MODE`, comments and empty lines between them.
//   source: TPU-MLIR's quick start, "Quantization and optimization": "# op_name   quantize_mode"
#include <fmt/format.h>

#include <algorithm>

#include "driver/precision_table.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

constexpr std::string_view kSpaces = " \t\r\f\v";

std::string in_case(std::string_view text, char first, char last) {
  std::string out(text);
  for (char& c : out)
    if (c >= first && c <= last) c = static_cast<char>(c ^ 0x20);
  return out;
}
std::string upper(std::string_view text) { return in_case(text, 'a', 'z'); }
std::string lower(std::string_view text) { return in_case(text, 'A', 'Z'); }

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// What stands in a file of somebody else's is shown in part, and only what can be printed.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out += c >= ' ' && c <= '~' ? c : '?';
  return text.size() > 40 ? out + "..." : out;
}

UserError bad_line(const std::string& file, size_t line, const std::string& what) {
  return UserError(
      diagnostic(ErrorCode::E3020, "precision table `{}`: line {}: {}", file, line, what)
          .note("hint", fmt::format("a line is a name and one of {}: `conv1 F32`", upper(kPrecisionNames))));
}

// The mode is the last word: names may hold spaces.
PrecisionTable::Row parse_line(std::string_view text, const std::string& file, size_t line) {
  const size_t gap = text.find_last_of(kSpaces);
  if (gap == std::string_view::npos) throw bad_line(file, line, fmt::format("`{}` is one word, not two", shown(text)));
  const std::string_view name = trimmed(text.substr(0, gap)), mode = text.substr(gap + 1);
  std::optional<PrecisionTable::Row> row = parse_precision_name(lower(mode));
  if (!row)
    throw bad_line(file, line, fmt::format("precision `{}` is not one of {}", shown(mode), upper(kPrecisionNames)));
  if (name.size() > kMaxPrecisionName)
    throw bad_line(file, line, fmt::format("the name is longer than {} bytes", kMaxPrecisionName));
  row->name = name;
  return *std::move(row);
}

}  // namespace

PrecisionTable parse_peer_precisions(std::string_view text, const std::string& file) {
  PrecisionTable table;
  table.is_peers = true;
  size_t line = 1;
  for (size_t at = 0; at < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view content = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (content.empty() || content.front() == '#') continue;
    if (table.rows.size() == kMaxPrecisionRows)
      throw bad_line(file, line, fmt::format("more than {} layers", kMaxPrecisionRows));
    table.rows.push_back(parse_line(content, file, line));
  }
  return table;
}

std::string to_peer_text(const PrecisionTable& table) {
  std::string text = "# op_name   quantize_mode\n";
  for (const PrecisionTable::Row& row : table.rows) text += row.name + " " + upper(precision_name(row)) + "\n";
  return text;
}

std::optional<PrecisionTable::Row> parse_precision_name(std::string_view text) {
  if (text == "int8") return PrecisionTable::Row{"", DType::I8};
  int bits = 0;
  if (text.starts_with("w8") || text.starts_with("w4")) bits = text[1] - '0', text.remove_prefix(2);
  for (const DType t : {DType::F32, DType::F16, DType::BF16})
    if (text == to_string(t) && (bits == 0 || t != DType::F32)) return PrecisionTable::Row{"", t, bits};
  return std::nullopt;
}

std::string precision_name(const PrecisionTable::Row& row) {
  if (row.precision == DType::I8) return "int8";
  return row.weight_bits == 0 ? std::string(to_string(row.precision))
                              : fmt::format("w{}{}", row.weight_bits, to_string(row.precision));
}

}  // namespace tpuc
