// Writes on stderr: the bar at most ten times a second, a line every ten seconds. Quiet where the log is.
#include "cli/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

constexpr size_t kWidth = 40;  // characters
constexpr std::chrono::milliseconds kBarPause{100}, kLinePause{10'000};

}  // namespace

Progress::Progress(std::string what, size_t total)
    : what_(std::move(what)),
      total_(std::max<size_t>(1, total)),
      is_terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (is_terminal_ && log::is_on(log::Level::Normal)) fmt::print(stderr, "\r\x1b[K");
}

void Progress::show(size_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (!log::is_on(log::Level::Normal) || now - last_ < (is_terminal_ ? kBarPause : kLinePause)) return;
  last_ = now;
  const size_t filled = std::min(kWidth, kWidth * done / total_);
  const std::chrono::duration<double> elapsed = now - start_;
  const double left = done > 0 ? elapsed.count() / static_cast<double>(done) * static_cast<double>(total_ - done) : 0;
  if (!is_terminal_) return log::note("{}: {} of {}, {:.0f} s left", what_, done, total_, left);
  fmt::print(stderr, "\r{} [{}{}] {}/{}, {:.0f} s left\x1b[K", what_, std::string(filled, '#'),
             std::string(kWidth - filled, ' '), done, total_, left);
  std::fflush(stderr);
}

}  // namespace tpuc::cli
