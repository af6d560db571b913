// Files of `--dump`: NNN-<pass>.tpuir and .json after each pass, index.json with times and op counts.
#pragma once

#include <string>

#include "tpuc/pass/pass.h"

namespace tpuc {

class Dumper {
 public:
  explicit Dumper(const PassOptions& options) : options_(&options) {}
  // Writes nothing when no folder is asked for or the pass's name does not fit `dump_after`.
  void after_pass(const Module& module, const PassRecord& record, Stage stage);
  void index(const PassReport& report) const;
  // Where the text of the last good graph goes when a pass fails; returns the path, empty when it cannot be written.
  std::string last_good(const std::string& text) const;

 private:
  const PassOptions* options_;
  int number_ = 0;
};

}  // namespace tpuc
