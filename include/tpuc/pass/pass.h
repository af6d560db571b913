// Passes and what runs them. The pass manager distrusts passes: it verifies after each one and compares the reported
// change with a hash.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tpuc/ir/verify.h"
#include "tpuc/ir/weight_rounding.h"
#include "tpuc/pass/quantization.h"
#include "tpuc/rewrite/rewriter.h"

namespace tpuc {

struct PassOptions {
  std::vector<std::string> disabled_passes, disabled_rules;
  std::string stop_after;               // a pass; empty: run all
  std::string dump_dir;                 // NNN-<pass>.tpuir and .json after every pass, index.json
  std::string dump_after;               // regular expression over pass names; empty: all
  bool verify_each = true;              // types and uses after every pass
  bool lower = true;                    // go on to the lowered graph (the chip's element types)
  DType precision = DType::F32;         // F32, F16 or BF16: what float ops compute in after lowering
  int64_t fold_limit_bytes = 64 << 20;  // constant folding makes no result larger than this from smaller inputs
  // Whether the back end runs an op in that float type; ops it does not stay in f32 between casts. Empty: it does.
  std::function<bool(const Op&, DType)> supports;
  // The float type of single ops where it is not `precision`; lower-precision asks once, about the graph it is to
  // lower.
  std::function<std::unordered_map<const Op*, DType>(const Graph&)> layer_precisions;
  // What computes in 8 bits, and its ranges; quantize asks once, about the canonical graph. Empty: nothing does.
  std::function<Quantization(const Graph&)> quantization;
  // By name of a value of the canonical graph: balance-channels divides its channels by these numbers.
  std::unordered_map<std::string, ChannelValues> channel_scales;
  // By name of the result of a convolution or constant matrix: round-weights rounds its weights so.
  std::unordered_map<std::string, WeightRounding> roundings;
  // How many bits the constant matrix of a product is to have, 8 or 4; 0: what it comes with. Empty: 0 for all.
  std::function<int(const Op&)> weight_bits;
  // Inputs and outputs in the types that the network computes with: 8-bit integers with a Quant, halves. Else floats
  // are f32 there.
  bool native_border = false;
  std::function<void(const NearMiss&)> explain;
};

struct PassRecord {
  std::string name;
  bool changed = false;
  double seconds = 0;
  size_t ops_before = 0, ops_after = 0;
  std::vector<RuleStats> rules;  // of passes that run a rule set
};
struct PassReport {
  std::vector<PassRecord> passes;
  Stage stage = Stage::Imported;
  bool stopped = false;  // at options.stop_after
};

struct PassCtx {
  const PassOptions& options;
  PassRecord& record;
};

struct Pass {
  std::string_view name, doc;
  Stage needs, gives;
  bool (*run)(Graph&, PassCtx&);  // true: I changed it
};

class PassManager {
 public:
  explicit PassManager(const PassOptions& options) : options_(&options) {}
  // Runs the passes in order over every graph. On an internal error the message says which pass, and where the last
  // good graph was written: dump_dir, or the folder for temporary files.
  PassReport run(Module& module, std::span<const Pass> pipeline, Stage start = Stage::Imported);

 private:
  // `state` is the graph's hash, before and after. Returns whether it changed.
  bool run_pass(const Pass& pass, Graph& graph, Hash& state, PassRecord& record) const;

  const PassOptions* options_;
};

}  // namespace tpuc
