// The options that say where samples are and how pictures become inputs: of calibrate and eval.
#pragma once

#include <string>

#include "tpuc/quant/table.h"
#include "tpuc/runtime/preprocess.h"

namespace CLI {
class App;
}

namespace tpuc::cli {

struct DataArgs {
  std::string data;
  size_t samples = 0;
  std::string resize, fit, mean, scale, channels, layout;
  float pad = 0, crop_share = 1;
  bool has_preprocess = false;  // at least one of the options about pictures was given
};
void add_data_args(CLI::App& app, DataArgs& args);
// E2001 naming the option.
Preprocess to_preprocess(const DataArgs& args);

}  // namespace tpuc::cli
