// Where time and memory went: for --stats. Never part of an artifact.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tpuc {

class PhaseClock {
 public:
  struct Phase {
    std::string name;
    double seconds = 0;
    double peak_mib = 0;  // of the whole process while the phase ran; 0 where the system does not tell
  };
  // Ends the phase before; the same name again continues to count there.
  void start(std::string_view name);
  void stop();
  std::string table() const;

 private:
  std::vector<Phase> phases_;
  size_t running_ = SIZE_MAX;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace tpuc
