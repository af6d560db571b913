// The compiler end to end: model -> canonical float graph -> lowered graph -> artifact. The phases stand in pipeline.cc
// in their order; memory of a phase is freed before the next where nothing needs it any more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "driver/model.h"
#include "driver/phases.h"
#include "driver/precision_table.h"
#include "tpuc/backend/backend.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/runtime/compare.h"

namespace tpuc {

struct CompileOptions {
  std::string chip = "bm1684x";
  Precision precision = Precision::F16;
  bool group_layers = true;
  double max_seconds = 0;
  std::string dump_dir, dump_after, stop_after;
  std::vector<std::string> disabled_rules, disabled_passes;
  PrecisionTable precision_table;
  std::string calibration;        // a table of ranges; int8 needs one
  bool asymmetric = false;        // zero points of 8-bit activations
  bool native_io = false;         // inputs and outputs in the types that the network computes with
  bool strict_precision = false;  // keep F16 even where the sample leaves its range or rounding ruins an output
  std::optional<Tolerance> opt_tolerance;  // of outputs on the sample; by precision where it is not given
};

// E2001 with the chips there are.
std::unique_ptr<const Backend> make_backend(const std::string& chip);

// A module after the passes, and what they did.
struct Prepared {
  Module module;
  PassReport report;
  std::vector<std::string> border_notes;     // "input `ids`: i64 became i32"
  std::vector<std::string> precision_notes;  // "kept in F32: ...", "computes in floats: ..."
  // With strict_precision: E7002, the sample leaves F16's range; E7001, rounding grows too far on it.
  std::optional<Diagnostic> opt_range_loss, opt_rounding_loss;
};
// Import and optimisation; the element types stay the model's.
Prepared prepare_float(const ModelRequest& request, const CompileOptions& options, PhaseClock& clock);
// And on to the chip's element types. The graph may still hold ops without a kernel. Where request.import.like holds
// all inputs it is a sample: what leaves F16's range on it keeps F32.
Prepared prepare_lowered(const ModelRequest& request, const CompileOptions& options, const Backend& backend,
                         PhaseClock& clock);

// The back end's part: E4002 for every op without a kernel, all at once.
CompiledNet compile_lowered(const Prepared& lowered, const CompileOptions& options, const Backend& backend,
                            unsigned threads, PhaseClock& clock);

// One artifact of a network compiled for several sets of input shapes; equal weights once.
std::vector<std::byte> combine_stages(const std::vector<CompiledNet>& stages, const Backend& backend);

// Inputs or outputs of a graph as names and types.
std::vector<ArtifactTensor> inputs_of(const Graph& graph);
std::vector<ArtifactTensor> outputs_of(const Graph& graph);

}  // namespace tpuc
