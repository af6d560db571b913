// The log's sink: spdlog on stderr, without time stamps (output must not depend on when it was made).
#include "tpuc/support/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace tpuc::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Quiet:
      return spdlog::level::critical;
    case Level::Normal:
      return spdlog::level::info;
    case Level::Verbose:
      return spdlog::level::debug;
    case Level::Debug:
      return spdlog::level::trace;
  }
  return spdlog::level::info;
}

// One logger per program, as there is one stderr; made at the first use.
spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto* made = new spdlog::logger("tpuc", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::critical);  // an embedding program hears nothing unless it asks
    return made;
  }();
  return *instance;
}

}  // namespace

void set_level(Level level) { logger().set_level(to_spdlog(level)); }

bool is_on(Level level) { return logger().should_log(to_spdlog(level)); }

void write(Level level, const std::string& text) { logger().log(to_spdlog(level), text); }

}  // namespace tpuc::log
