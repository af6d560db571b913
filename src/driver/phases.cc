// Times phases and reads the peak of resident memory from /proc, which Linux lets a process reset.
#include "driver/phases.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace tpuc {
namespace {

// source: proc(5), clear_refs: writing 5 resets VmHWM. Where that is not allowed, peaks only grow.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

double peak_mib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

}  // namespace

void PhaseClock::start(std::string_view name) {
  stop();
  const auto found = std::find_if(phases_.begin(), phases_.end(), [&](const Phase& p) { return p.name == name; });
  running_ = static_cast<size_t>(found - phases_.begin());
  if (found == phases_.end()) phases_.push_back({std::string(name), 0, 0});
  reset_peak();
  since_ = std::chrono::steady_clock::now();
}

void PhaseClock::stop() {
  if (running_ >= phases_.size()) return;
  Phase& phase = phases_[running_];
  phase.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
  phase.peak_mib = std::max(phase.peak_mib, peak_mib());
  running_ = SIZE_MAX;
}

std::string PhaseClock::table() const {
  std::string out = fmt::format("{:<20} {:>10} {:>12}\n", "phase", "seconds", "peak MiB");
  double seconds = 0, peak = 0;
  for (const Phase& phase : phases_) {
    out += fmt::format("{:<20} {:>10.3f} {:>12.1f}\n", phase.name, phase.seconds, phase.peak_mib);
    seconds += phase.seconds;
    peak = std::max(peak, phase.peak_mib);
  }
  return out + fmt::format("{:<20} {:>10.3f} {:>12.1f}\n", "total", seconds, peak);
}

}  // namespace tpuc
