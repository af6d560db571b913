// What tpuc says when something is wrong: numbered diagnostics, and the result type of the public API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tpuc {

// One row per error; the rows are in errors.def.
enum class ErrorCode : uint16_t {
#define TPUC_ERROR(code, exit_code, title, text) E##code = code,
#include "tpuc/errors.def"
#undef TPUC_ERROR
};

struct ErrorRow {
  ErrorCode code;
  int exit_code;
  std::string_view title, text;
};

// All rows, ascending; null when `code` is no row.
const ErrorRow* find_error(int code);
const std::vector<ErrorRow>& all_errors();

// One message. `notes` are labelled lines below it: {"at", "node 'x' (...)"}, {"input", "%a: f32[1,3]"}, {"hint",
// "..."}.
struct Diagnostic {
  ErrorCode code{};
  std::string message;
  std::vector<std::pair<std::string, std::string>> notes;

  Diagnostic&& note(std::string label, std::string text) && {
    notes.emplace_back(std::move(label), std::move(text));
    return std::move(*this);
  }
};

// "error[E1204]: message" and the notes, aligned, ending in "more    tpuc explain E1204"; no final newline.
std::string render(const Diagnostic& d, std::string_view severity = "error");

int exit_code_of(ErrorCode code);

// A value, or the diagnostics of why there is none (never empty then). `bug` marks an internal error: exit code 70.
struct Failure {
  std::vector<Diagnostic> diagnostics;
  bool bug = false;
};
template <class T>
class Result {
 public:
  Result(T value) : state_(std::move(value)) {}            // NOLINT(google-explicit-constructor): a result is its value
  Result(Failure failure) : state_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

}  // namespace tpuc
