// Writes out lists in braces, option by option, then parses what is left as plain shapes.
#include "driver/stage_shapes.h"

#include <algorithm>

#include "driver/options.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

constexpr size_t kMaxStages = 64;

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw UserError(diagnostic(ErrorCode::E2001, "--input-shape `{}`: {}", text, why)
                      .note("hint", "several shapes are written NAME=1x3x48x{160,320,640}"));
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// "x=1x{2,3}x{4,5}": {"x=1x2x4", "x=1x3x5"}. Names may hold braces; the shape begins behind the last '='.
std::vector<std::string> written_out(const std::string& text) {
  const size_t shape = std::min(text.rfind('='), text.size());
  std::vector<std::string> out = {text.substr(0, shape)};
  size_t at = shape, lists = 0;
  while (at < text.size()) {
    const size_t open = std::min(text.find('{', at), text.size());
    for (std::string& one : out) one += text.substr(at, open - at);
    if (open == text.size()) break;
    const size_t close = text.find('}', open);
    if (close == std::string::npos) refuse(text, "`{` has no `}`");
    const std::vector<std::string> parts = split(text.substr(open + 1, close - open - 1));
    if (parts.size() > kMaxStages) refuse(text, fmt::format("{} shapes; {} are allowed", parts.size(), kMaxStages));
    if (std::find(parts.begin(), parts.end(), "") != parts.end()) refuse(text, "an entry of its list is empty");
    if (lists++ == 0) out.assign(parts.size(), out.front());
    if (parts.size() != out.size()) refuse(text, "its lists differ in length");
    for (size_t i = 0; i < out.size(); ++i) out[i] += parts[i];
    at = close + 1;
  }
  return out;
}

}  // namespace

std::vector<std::map<std::string, Dims>> parse_stage_shapes(const std::vector<std::string>& options) {
  std::vector<std::map<std::string, Dims>> stages(1);
  for (const std::string& option : options) {
    const std::vector<std::string> texts = written_out(option);
    if (texts.size() > 1 && stages.size() == 1) stages.resize(texts.size(), stages.front());
    if (texts.size() > 1 && texts.size() != stages.size())
      refuse(option, fmt::format("{} shapes, another input has {}", texts.size(), stages.size()));
    for (size_t i = 0; i < stages.size(); ++i) stages[i].insert(parse_input_shape(texts[texts.size() > 1 ? i : 0]));
  }
  for (size_t i = 0; i < stages.size(); ++i)
    if (std::find(stages.begin(), stages.begin() + static_cast<ptrdiff_t>(i), stages[i]) !=
        stages.begin() + static_cast<ptrdiff_t>(i))
      refuse(options.back(), fmt::format("stage {} has the shapes of an earlier one", i));
  return stages;
}

}  // namespace tpuc
