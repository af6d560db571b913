// The compiler's passes and rules, by name; implemented in passes/ (passes/pipeline.cc is the table of contents).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/pass/pass.h"

namespace tpuc {

// Every pass in the order of the pipeline (a pass that runs twice is listed twice).
std::span<const Pass> optimise_pipeline();  // imported -> canonical float graph
std::span<const Pass> lower_pipeline();     // -> the chip's element types
// Each pass once, for `tpuc passes` and `--passes`.
std::vector<Pass> all_passes();

struct RuleEntry {
  std::string_view set;  // "canonical", "fuse", "lower"
  Rule rule;
};
// In the order of rules.def.
const std::vector<RuleEntry>& all_rules();

// optimise, and lower where the options say so.
PassReport run_pipeline(Module& module, const PassOptions& options);
// The second half alone, of a module that is canonical already.
PassReport run_lowering(Module& module, const PassOptions& options);
// Named passes or rules, in the order given (rules run together as one set). Unknown names are E2003.
PassReport run_passes(Module& module, std::span<const std::string> names, const PassOptions& options = {});
RewriteStats apply_rules(Graph& graph, std::span<const std::string> names, const RewriteOptions& options = {});

}  // namespace tpuc
