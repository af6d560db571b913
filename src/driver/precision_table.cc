// Reads precision tables and finds the layers their rows name. Tables may come from anybody: sizes have limits.
#include "driver/precision_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/suggest.h"

namespace tpuc {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSchema = "tpuc-precision/1";
constexpr size_t kMaxBytes = 16 << 20;
constexpr size_t kMaxPatterns = 1000;  // each is tried on every name
constexpr int kMaxDepth = 4;
constexpr size_t kMaxErrors = 16;          // one line each; then a count
constexpr size_t kMaxCandidates = 20'000;  // names that "did you mean" looks through

UserError bad_table(const std::string& file, const std::string& what) {
  return UserError(diagnostic(ErrorCode::E3020, "precision table `{}`: {}", file, what)
                       .note("hint", fmt::format(R"({{"schema": "{}", "layers": [{}]}})", kSchema,
                                                 precision_row("conv*", DType::F32))));
}

Json parse_json(std::string_view text, const std::string& file) {
  const auto limit_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) throw bad_table(file, fmt::format("nested deeper than {}", kMaxDepth));
    return true;
  };
  try {
    return Json::parse(text, limit_depth);
  } catch (const Json::parse_error& e) {
    throw bad_table(file, fmt::format("no JSON at byte {}", e.byte));
  } catch (const Json::exception&) {  // a number beyond f64
    throw bad_table(file, "no JSON");
  }
}

// The string `key` of a row.
std::string text_of(const Json& row, const char* key, size_t index, const std::string& file) {
  const auto found = row.find(key);
  if (found == row.end() || !found->is_string())
    throw bad_table(file, fmt::format("layers[{}] has no string `{}`", index, key));
  std::string text = found->get<std::string>();
  if (text.empty() || text.size() > kMaxPrecisionName)
    throw bad_table(file, fmt::format("layers[{}].{} is empty or longer than {} bytes", index, key, kMaxPrecisionName));
  return text;
}

PrecisionTable::Row row_of(const Json& row, size_t index, const std::string& file) {
  std::string name = text_of(row, "name", index, file);
  const std::string text = text_of(row, "precision", index, file);
  std::optional<PrecisionTable::Row> known = parse_precision_name(text);
  if (!known)
    throw bad_table(file, fmt::format("layers[{}]: precision `{}` is not one of {}", index, text, kPrecisionNames));
  known->name = std::move(name);
  return *std::move(known);
}

void require_keys(const Json& object, std::initializer_list<std::string_view> known, const std::string& where,
                  const std::string& file) {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw bad_table(file, fmt::format("{}key `{}` is not known", where, key));
}

std::string json_row(const PrecisionTable::Row& row) {
  const Json text(row.name);
  return fmt::format(R"({{"name": {}, "precision": "{}"}})", text.dump(-1, ' ', false, Json::error_handler_t::replace),
                     precision_name(row));
}

bool is_pattern(const std::string& name) { return name.find_first_of("*?") != std::string::npos; }

PrecisionTable parse_json_table(std::string_view text, const std::string& file) {
  const Json whole = parse_json(text, file);
  if (!whole.is_object()) throw bad_table(file, "not an object");
  const auto schema = whole.find("schema");
  if (schema == whole.end() || !schema->is_string() || schema->get<std::string>() != kSchema)
    throw bad_table(file, fmt::format("`schema` is not \"{}\"", kSchema));
  require_keys(whole, {"schema", "layers"}, "", file);
  const auto layers = whole.find("layers");
  if (layers == whole.end() || !layers->is_array()) throw bad_table(file, "`layers` is not a list");
  if (layers->size() > kMaxPrecisionRows) throw bad_table(file, fmt::format("more than {} layers", kMaxPrecisionRows));
  PrecisionTable table;
  for (size_t i = 0; i < layers->size(); ++i) {
    const Json& row = (*layers)[i];
    if (!row.is_object()) throw bad_table(file, fmt::format("layers[{}] is not an object", i));
    require_keys(row, {"name", "precision"}, fmt::format("layers[{}]: ", i), file);
    table.rows.push_back(row_of(row, i, file));
  }
  return table;
}

// "conv1_Conv" -> "conv1"; a name without a `_` as it is.
std::string_view without_type(std::string_view name) { return name.substr(0, std::min(name.rfind('_'), name.size())); }

// The first sign that is no space.
bool begins_as_json(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

PrecisionTable parse_precision_table(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBytes) throw bad_table(file, fmt::format("larger than {} bytes", kMaxBytes));
  PrecisionTable table = begins_as_json(text) ? parse_json_table(text, file) : parse_peer_precisions(text, file);
  const auto patterns =
      std::count_if(table.rows.begin(), table.rows.end(), [](const auto& row) { return is_pattern(row.name); });
  if (static_cast<size_t>(patterns) > kMaxPatterns)
    throw bad_table(file, fmt::format("more than {} names with wildcards", kMaxPatterns));
  return table;
}

PrecisionTable read_precision_table(const std::string& path) {
  const MappedFile file(path);
  return parse_precision_table({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, path);
}

std::string precision_row(const std::string& name, DType precision) { return json_row({name, precision}); }

std::string row_name(const Op& op) {
  const std::string& name = op.out(0)->name;
  return name.find('~') != std::string::npos && !op.loc.empty() ? op.loc.back() : name;
}

std::string to_json(const PrecisionTable& table) {
  std::string text = fmt::format("{{\"schema\": \"{}\", \"layers\": [", kSchema);
  for (size_t i = 0; i < table.rows.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + json_row(table.rows[i]);
  return text + "\n]}\n";
}

LayerPrecisions::LayerPrecisions(const PrecisionTable& table, const Graph& imported) {
  if (table.rows.empty()) return;
  std::unordered_map<std::string_view, size_t> exact;  // the last row of a name
  std::vector<size_t> patterns;
  rows_ = table.rows;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    exact[table.rows[i].name] = i;
    if (table.is_peers) exact.emplace(without_type(table.rows[i].name), i);
    if (is_pattern(table.rows[i].name)) patterns.push_back(i);
  }
  std::vector<bool> used(table.rows.size());
  std::vector<std::string> names;
  const auto look_up = [&](const std::string& name) {
    if (row_of_.contains(name)) return;
    names.push_back(name);
    std::optional<size_t> last;
    if (const auto found = exact.find(name); found != exact.end()) last = found->second;
    if (last) used[*last] = true;
    for (const size_t i : patterns) {
      if (!matches_pattern(table.rows[i].name, name)) continue;
      used[i] = true;
      last = std::max(last.value_or(0), i);
    }
    if (last) row_of_.emplace(name, *last);
  };
  for (const Op& op : imported.ops()) {
    for (const std::string& node : op.loc) look_up(node);
    for (const auto& out : op.out()) look_up(out->name);
  }
  for (size_t i = 0; i < used.size(); ++i)  // an earlier row of the same name counts with the last one
    if (!used[i]) used[i] = used[exact.at(table.rows[i].name)];
  require_all_used(table, used, names);
}

void LayerPrecisions::require_all_used(const PrecisionTable& table, const std::vector<bool>& used,
                                       const std::vector<std::string>& names) const {
  std::vector<Diagnostic> errors;
  const auto missing = static_cast<size_t>(std::count(used.begin(), used.end(), false));
  for (size_t i = 0; i < used.size() && errors.size() < kMaxErrors; ++i) {
    if (used[i]) continue;
    const std::string& name = table.rows[i].name;
    Diagnostic d = is_pattern(name)
                       ? diagnostic(ErrorCode::E3021, "layers[{}]: no tensor or node matches `{}`", i, name)
                       : diagnostic(ErrorCode::E3021, "layers[{}]: no tensor or node is called `{}`", i, name);
    const std::string near = names.size() <= kMaxCandidates && !is_pattern(name) ? nearest_name(name, names) : "";
    if (!near.empty()) d.notes.emplace_back("hint", fmt::format("did you mean `{}`?", near));
    if (errors.size() + 1 == kMaxErrors && missing > kMaxErrors)
      d.notes.emplace_back("note", fmt::format("{} more rows name nothing", missing - kMaxErrors));
    errors.push_back(std::move(d));
  }
  if (!errors.empty()) throw UserError(std::move(errors));
}

std::optional<size_t> LayerPrecisions::row_for(const Op& op) const {
  if (row_of_.empty()) return {};
  std::optional<size_t> last;
  const auto consider = [&](const std::string& name) {
    const auto found = row_of_.find(name);
    if (found != row_of_.end()) last = std::max(last.value_or(0), found->second);
  };
  for (const std::string& node : op.loc) consider(node);
  for (const auto& out : op.out()) consider(out->name);
  return last;
}

std::optional<DType> LayerPrecisions::of(const Op& op) const {
  const std::optional<size_t> row = row_for(op);
  return row ? std::optional(rows_[*row].precision) : std::nullopt;
}

int LayerPrecisions::weight_bits_of(const Op& op) const {
  const std::optional<size_t> row = row_for(op);
  return row ? rows_[*row].weight_bits : 0;
}

bool matches_pattern(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {  // take nothing first; come back for more
      star = p++;
      retry = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace tpuc
