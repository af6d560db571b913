// The two kinds of trouble: UserError (somebody's input is wrong, numbered, exit 1-5) and InternalError (a bug of ours,
// exit 70).
#pragma once

#include <fmt/core.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "tpuc/status.h"

namespace tpuc {

// One or more diagnostics thrown together: a phase collects all of its errors before it stops.
class UserError : public std::exception {
 public:
  explicit UserError(Diagnostic d) { diagnostics_.push_back(std::move(d)); }
  explicit UserError(std::vector<Diagnostic> all) : diagnostics_(std::move(all)) {}
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  const char* what() const noexcept override { return diagnostics_.front().message.c_str(); }

 private:
  std::vector<Diagnostic> diagnostics_;
};

class InternalError : public std::exception {
 public:
  explicit InternalError(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// throw user_error(ErrorCode::E1204, "input has {} channels", c) << note("hint", ...) is spelled:
//   throw UserError(diagnostic(ErrorCode::E1204, "input has {} channels", c).note("hint", "..."))
template <class... Args>
Diagnostic diagnostic(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  return Diagnostic{code, fmt::format(text, std::forward<Args>(args)...), {}};
}

[[noreturn]] void internal_error(const char* file, int line, std::string text);

}  // namespace tpuc

// Asserts of tpuc's own promises; never reachable from user input. TPUC_CHECK(condition, "format", args...)
#define TPUC_CHECK(condition, ...)                                                          \
  do {                                                                                      \
    if (!(condition)) ::tpuc::internal_error(__FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (false)
