// Reads and writes calibration tables. What is read may be damaged or hostile: sizes and numbers have limits.
#include "tpuc/quant/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "quant/table_text.h"
#include "tpuc/support/base64.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc {
namespace {

using Json = nlohmann::json;
using quant::bad_table;

constexpr std::string_view kSchema = "tpuc-calibration/1";
constexpr size_t kMaxBytes = 64 << 20;
constexpr size_t kMaxMethodBytes = 64, kMaxHashBytes = 64;
constexpr int64_t kMaxSide = 1 << 15;  // pixels
constexpr int kMaxDepth = 5;
constexpr int64_t kMaxAxis = 7;
constexpr size_t kMaxChannels = 1 << 20;

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

// An object of the file, with where it stands for messages.
class Object {
 public:
  Object(const Json& json, std::string where, const std::string& file, std::initializer_list<std::string_view> known)
      : json_(json), where_(std::move(where)), file_(file) {
    if (!json.is_object()) throw bad_table(file, (where_.empty() ? "it" : where_) + " is not an object");
    for (const auto& [key, value] : json.items())
      if (std::find(known.begin(), known.end(), key) == known.end()) fail(fmt::format("key `{}` is not known", key));
  }

  const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  const Json& require(const char* key) const {
    const Json* found = find(key);
    if (found == nullptr) fail(fmt::format("`{}` is missing", key));
    return *found;
  }
  std::string text(const char* key, size_t most_bytes) const {
    const Json& value = require(key);
    if (!value.is_string()) fail(fmt::format("`{}` is not a string", key));
    std::string s = value.get<std::string>();
    if (s.empty() || s.size() > most_bytes) fail(fmt::format("`{}` is empty or longer than {} bytes", key, most_bytes));
    return s;
  }
  float number(const Json& value, const char* key) const {
    const double x = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (!(std::fabs(x) <= quant::kLargestBound))
      fail(fmt::format("`{}` is not a number of at most {:.0e}", key, quant::kLargestBound));
    return static_cast<float>(x);
  }
  float number(const char* key) const { return number(require(key), key); }
  int64_t whole(const char* key, int64_t most) const {
    const Json& value = require(key);
    const bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= static_cast<uint64_t>(most);
    if (!fits) fail(fmt::format("`{}` is not a whole number from 0 to {}", key, most));
    return value.get<int64_t>();
  }
  std::vector<float> numbers(const char* key, size_t most) const {
    const Json& value = require(key);
    if (!value.is_array() || value.size() > most) fail(fmt::format("`{}` is not a list of at most {}", key, most));
    std::vector<float> out;
    for (const Json& x : value) out.push_back(number(x, key));
    return out;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw bad_table(file_, where_.empty() ? what : where_ + ": " + what);
  }

 private:
  const Json& json_;
  std::string where_;
  const std::string& file_;
};

Preprocess read_preprocess(const Json& json, const std::string& file) {
  const Object o(json, "preprocess", file,
                 {"width", "height", "fit", "crop_share", "mean", "scale", "channels", "layout", "pad"});
  Preprocess p;
  p.width = o.whole("width", kMaxSide);
  p.height = o.whole("height", kMaxSide);
  p.mean = o.numbers("mean", 4);
  p.scale = o.numbers("scale", 4);
  p.pad = o.number("pad");
  p.crop_share = o.number("crop_share");
  if (!(p.crop_share > 0 && p.crop_share <= 1)) o.fail("`crop_share` is not in (0, 1]");
  if (std::find(p.scale.begin(), p.scale.end(), 0.f) != p.scale.end()) o.fail("`scale` holds 0");
  try {
    p.fit = parse_fit(o.text("fit", 16), "fit");
    p.channels = parse_channels(o.text("channels", 16), "channels");
    p.layout = parse_layout(o.text("layout", 16), "layout");
  } catch (const UserError& e) {
    if (e.diagnostics().front().code != ErrorCode::E2001) throw;
    o.fail(e.what());
  }
  return p;
}

DType read_float_type(const Object& row, const char* key) {
  const std::string text = row.text(key, kMaxMethodBytes);
  if (text == "f16") return DType::F16;
  if (text == "bf16") return DType::BF16;
  if (text != "f32") row.fail(fmt::format("{} `{}` is not one of f16, bf16, f32", key, text));
  return DType::F32;
}

std::vector<uint8_t> read_bits(const Object& row, const char* key) {
  if (row.find(key) == nullptr) return {};
  auto bits = from_base64(row.text(key, kMaxBytes));
  if (!bits) row.fail(fmt::format("`{}` is no base64", key));
  return std::move(*bits);
}

WeightRounding read_rounding(const Object& row) {
  WeightRounding r;
  r.up8 = read_bits(row, "up8");
  r.up4 = read_bits(row, "up4");
  if (!r.up8.empty() || !r.up4.empty()) r.weights = row.text("weights", kMaxHashBytes);
  return r;
}

std::pair<std::string, TensorRange> read_row(const Json& json, size_t index, const std::string& file) {
  const Object o(json, fmt::format("tensors[{}]", index), file,
                 {"name", "min", "max", "seen", "method", "precision", "float", "axis", "means", "scales", "weights",
                  "up8", "up4"});
  TensorRange r;
  const std::string name = o.text("name", quant::kMaxNameBytes);
  r.min = o.number("min");
  r.max = o.number("max");
  if (r.min > r.max) o.fail(fmt::format("min {} is above max {}", r.min, r.max));
  r.seen_min = r.min;
  r.seen_max = r.max;
  if (o.find("seen") != nullptr) {
    const std::vector<float> seen = o.numbers("seen", 2);
    if (seen.size() != 2 || seen[0] > seen[1]) o.fail("`seen` is not [smallest, largest]");
    r.seen_min = seen[0];
    r.seen_max = seen[1];
  }
  if (o.find("method") != nullptr) r.method = o.text("method", kMaxMethodBytes);
  if (o.find("precision") != nullptr) r.precision = read_float_type(o, "precision");
  if (o.find("float") != nullptr) r.float_type = read_float_type(o, "float");
  const int64_t axis = o.find("axis") != nullptr ? o.whole("axis", kMaxAxis) : 1;
  if (o.find("means") != nullptr) r.means = {axis, o.numbers("means", kMaxChannels)};
  if (o.find("scales") != nullptr) r.scales = {axis, o.numbers("scales", kMaxChannels)};
  r.rounding = read_rounding(o);
  const auto is_scale = [](float x) { return x > 0 && std::isfinite(1 / x); };
  if (!std::all_of(r.scales.values.begin(), r.scales.values.end(), is_scale)) o.fail("`scales` must be positive");
  return {name, r};
}

CalibrationTable parse_table_json(std::string_view text, const std::string& file) {
  const Json json = parse_json(text, file);
  const Object whole(json, "", file, {"schema", "method", "samples", "preprocess", "tensors"});
  if (whole.text("schema", 256) != kSchema) whole.fail(fmt::format("`schema` is not \"{}\"", kSchema));
  CalibrationTable table;
  if (whole.find("method") != nullptr) table.method = whole.text("method", kMaxMethodBytes);
  if (whole.find("samples") != nullptr) table.samples = whole.whole("samples", int64_t{1} << 40);
  if (const Json* preprocess = whole.find("preprocess")) table.preprocess = read_preprocess(*preprocess, file);
  const Json& rows = whole.require("tensors");
  if (!rows.is_array()) whole.fail("`tensors` is not a list");
  if (rows.size() > quant::kMaxRows) whole.fail(fmt::format("more than {} tensors", quant::kMaxRows));
  for (size_t i = 0; i < rows.size(); ++i) {
    auto [name, range] = read_row(rows[i], i, file);
    const auto [at, is_new] = table.ranges.emplace(std::move(name), std::move(range));
    if (!is_new) whole.fail(fmt::format("tensors[{}]: `{}` has a row already", i, at->first));
  }
  return table;
}

std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string list_of(const std::vector<float>& values) { return fmt::format("[{}]", fmt::join(values, ", ")); }

}  // namespace

UserError quant::bad_table(const std::string& file, const std::string& what) {
  return UserError(diagnostic(ErrorCode::E3030, "calibration table `{}`: {}", file, what)
                       .note("hint", "`tpuc calibrate` writes such tables: its JSON may be edited by hand"));
}

CalibrationTable parse_calibration_table(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBytes) throw bad_table(file, fmt::format("larger than {} bytes", kMaxBytes));
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) throw bad_table(file, "it is empty");
  return text[first] == '{' ? parse_table_json(text, file) : quant::parse_peer_text(text, file);
}

CalibrationTable read_calibration_table(const std::string& path) {
  const MappedFile file(path);
  return parse_calibration_table({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, path);
}

std::string to_json(const CalibrationTable& table) {
  std::string out = fmt::format("{{\n\"schema\": \"{}\",\n", kSchema);
  if (!table.method.empty()) out += fmt::format("\"method\": {},\n", quoted(table.method));
  if (table.samples > 0) out += fmt::format("\"samples\": {},\n", table.samples);
  if (table.preprocess) {
    const Preprocess& p = *table.preprocess;
    out += fmt::format(
        "\"preprocess\": {{\"width\": {}, \"height\": {}, \"fit\": \"{}\", \"crop_share\": {}, \"mean\": {}, "
        "\"scale\": "
        "{}, \"channels\": \"{}\", \"layout\": \"{}\", \"pad\": {}}},\n",
        p.width, p.height, to_string(p.fit), p.crop_share, list_of(p.mean), list_of(p.scale), to_string(p.channels),
        to_string(p.layout), p.pad);
  }
  out += "\"tensors\": [";
  std::string_view separator = "\n";
  for (const auto& [name, r] : table.ranges) {
    out += fmt::format("{}{{\"name\": {}, \"min\": {}, \"max\": {}, \"seen\": [{}, {}]", separator, quoted(name), r.min,
                       r.max, r.seen_min, r.seen_max);
    if (!r.method.empty()) out += fmt::format(", \"method\": {}", quoted(r.method));
    if (r.precision) out += fmt::format(", \"precision\": \"{}\"", to_string(*r.precision));
    if (r.float_type) out += fmt::format(", \"float\": \"{}\"", to_string(*r.float_type));
    if (!r.means.values.empty() || !r.scales.values.empty())
      out += fmt::format(", \"axis\": {}", r.means.values.empty() ? r.scales.axis : r.means.axis);
    if (!r.means.values.empty()) out += fmt::format(", \"means\": {}", list_of(r.means.values));
    if (!r.scales.values.empty()) out += fmt::format(", \"scales\": {}", list_of(r.scales.values));
    if (!r.rounding.weights.empty()) out += fmt::format(", \"weights\": {}", quoted(r.rounding.weights));
    if (!r.rounding.up8.empty()) out += fmt::format(", \"up8\": \"{}\"", to_base64(r.rounding.up8));
    if (!r.rounding.up4.empty()) out += fmt::format(", \"up4\": \"{}\"", to_base64(r.rounding.up4));
    out += '}';
    separator = ",\n";
  }
  return out + "\n]\n}\n";
}

}  // namespace tpuc
