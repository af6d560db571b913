// Progress and notes for people, on stderr, by level. Errors are not logged: they are Diagnostics.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

namespace tpuc::log {

enum class Level : int { Quiet, Normal, Verbose, Debug };  // --quiet, default, -v, -vv

void set_level(Level level);
bool is_on(Level level);
// One line. Safe from several threads.
void write(Level level, const std::string& text);

template <class... Args>
void note(fmt::format_string<Args...> text, Args&&... args) {
  if (is_on(Level::Normal)) write(Level::Normal, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void verbose(fmt::format_string<Args...> text, Args&&... args) {
  if (is_on(Level::Verbose)) write(Level::Verbose, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (is_on(Level::Debug)) write(Level::Debug, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace tpuc::log
