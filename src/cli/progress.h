// Long work: a bar on a terminal, now and then a plain line otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace tpuc::cli {

class Progress {
 public:
  Progress(std::string what, size_t total);
  ~Progress();  // wipes the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(size_t done);

 private:
  std::string what_;
  size_t total_;
  bool is_terminal_;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace tpuc::cli
