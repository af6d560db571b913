// Reads labels; lines beginning with # are comments.
#include "driver/eval/labels.h"

#include <charconv>
#include <cmath>

#include "tpuc/support/check.h"

namespace tpuc::eval {
namespace {

constexpr size_t kMostLines = 10'000'000;
constexpr int64_t kMostClasses = 1'000'000'000;

using Fields = std::vector<std::string_view>;

UserError bad_labels(const std::string& file, const std::string& what) {
  return UserError(diagnostic(ErrorCode::E3036, "--labels `{}`: {}", file, what));
}

std::vector<Fields> lines_of(std::string_view text, const std::string& file) {
  std::vector<Fields> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    Fields fields;
    for (size_t i = line.find_first_not_of(" \t\r"); i < line.size(); i = line.find_first_not_of(" \t\r", i)) {
      const size_t stop = std::min(line.find_first_of(" \t\r", i), line.size());
      fields.push_back(line.substr(i, stop - i));
      i = stop;
    }
    if (fields.empty() || fields[0].starts_with('#')) continue;
    if (out.size() == kMostLines) throw bad_labels(file, fmt::format("more than {} lines", kMostLines));
    out.push_back(std::move(fields));
  }
  if (out.empty()) throw bad_labels(file, "it holds no lines");
  return out;
}

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}
bool parse_class(std::string_view text, int64_t& value) {
  return parse_number(text, value) && value >= 0 && value <= kMostClasses;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

using Lookup = std::map<std::string_view, size_t>;  // a name -> its line

// By the whole name, else by its last part.
const size_t* find_sample(const Lookup& names, std::string_view sample) {
  auto found = names.find(sample);
  if (found == names.end()) found = names.find(last_part(sample));
  return found == names.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<int64_t> parse_classes(std::string_view text, const std::string& file,
                                   const std::vector<std::string>& samples) {
  const std::vector<Fields> lines = lines_of(text, file);
  Lookup names;
  for (size_t i = 0; i < lines.size(); ++i) names.emplace(lines[i][0], i);
  std::vector<int64_t> out(samples.size());
  if (find_sample(names, samples.front()) != nullptr) {
    for (size_t i = 0; i < samples.size(); ++i) {
      const size_t* line = find_sample(names, samples[i]);
      if (line == nullptr) throw bad_labels(file, fmt::format("no line names sample `{}`", samples[i]));
      if (lines[*line].size() < 2 || !parse_class(lines[*line][1], out[i]))
        throw bad_labels(file, fmt::format("the line of `{}` has no class number behind the name", samples[i]));
    }
    return out;
  }
  int64_t first = 0;
  if (lines.size() == samples.size() && parse_class(lines[0][0], first)) {
    for (size_t i = 0; i < samples.size(); ++i)
      if (!parse_class(lines[i][0], out[i])) throw bad_labels(file, fmt::format("entry {} is no class number", i + 1));
    return out;
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    const std::string_view name = last_part(samples[i]);
    const auto found = names.find(name.substr(0, name.find_first_of("_.")));
    if (found == names.end())
      throw bad_labels(file, fmt::format("sample `{}` has no class: no line begins with its name, with what stands "
                                         "before its `_`, or there is not one class per sample ({} lines, {} samples)",
                                         samples[i], lines.size(), samples.size()));
    out[i] = static_cast<int64_t>(found->second);
  }
  return out;
}

std::vector<std::vector<Box>> parse_boxes(std::string_view text, const std::string& file,
                                          const std::vector<std::string>& samples) {
  std::map<std::string_view, std::vector<Box>> by_name;
  size_t number = 0;
  for (const Fields& f : lines_of(text, file)) {
    ++number;
    Box b;
    b.score = 1;
    const bool ok = f.size() == 6 && parse_class(f[1], b.class_id) && parse_number(f[2], b.left) &&
                    parse_number(f[3], b.top) && parse_number(f[4], b.right) && parse_number(f[5], b.bottom) &&
                    std::isfinite(b.left + b.top + b.right + b.bottom);
    if (!ok) throw bad_labels(file, fmt::format("entry {} is not NAME CLASS LEFT TOP RIGHT BOTTOM", number));
    by_name[f[0]].push_back(b);
  }
  std::vector<std::vector<Box>> out(samples.size());
  size_t known = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    auto found = by_name.find(samples[i]);
    if (found == by_name.end()) found = by_name.find(last_part(samples[i]));
    if (found == by_name.end()) continue;
    out[i] = found->second;
    ++known;
  }
  if (known == 0) throw bad_labels(file, "no line names any of the samples");
  return out;
}

}  // namespace tpuc::eval
