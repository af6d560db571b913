// The layout of messages and the table of error codes. Not the wording: that stands where an error is raised.
#include <algorithm>
#include <cstdlib>

#include "tpuc/support/check.h"

namespace tpuc {

const std::vector<ErrorRow>& all_errors() {
  static const std::vector<ErrorRow> rows = {
#define TPUC_ERROR(code, exit_code, title, text) ErrorRow{ErrorCode::E##code, exit_code, title, text},
#include "tpuc/errors.def"
#undef TPUC_ERROR
  };
  return rows;
}

const ErrorRow* find_error(int code) {
  for (const ErrorRow& row : all_errors())
    if (static_cast<int>(row.code) == code) return &row;
  return nullptr;
}

int exit_code_of(ErrorCode code) {
  const ErrorRow* row = find_error(static_cast<int>(code));
  return row == nullptr ? 70 : row->exit_code;
}

std::string render(const Diagnostic& d, std::string_view severity) {
  std::string out = fmt::format("{}[E{}]: {}", severity, static_cast<int>(d.code), d.message);
  for (const auto& [label, text] : d.notes) out += fmt::format("\n  {:<7} {}", label, text);
  out += fmt::format("\n  {:<7} tpuc explain E{}", "more", static_cast<int>(d.code));
  return out;
}

void internal_error(const char* file, int line, std::string text) {
  const std::string path(file);
  const size_t slash = path.find_last_of('/');
  throw InternalError(fmt::format("{}:{}: {}", slash == std::string::npos ? path : path.substr(slash + 1), line, text));
}

}  // namespace tpuc
