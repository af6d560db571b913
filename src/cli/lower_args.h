// The options of `tpuc compile` that decide the lowered graph: also taken by `tpuc import --lower`.
#pragma once

#include <string>
#include <vector>

#include "driver/pipeline.h"

namespace CLI {
class App;
}

namespace tpuc::cli {

struct LowerArgs {
  std::string chip = "bm1684x", precision = "f16", io = "f32";
  std::string calibration, precision_table, dump_dir, dump_after, stop_after;
  std::vector<std::string> disabled_rules, disabled_passes;
  bool asymmetric = false, allow_host = false, no_layer_group = false, strict_precision = false;
  double max_seconds = 0;
};
void add_lower_args(CLI::App& app, LowerArgs& args);
// E2002 for the options of later issues.
CompileOptions to_options(const LowerArgs& args);

}  // namespace tpuc::cli
