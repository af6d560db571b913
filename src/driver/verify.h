// tpuc compile --verify: the float graph, the lowered graph and the artifact on one sample, compared with each other.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "driver/pipeline.h"
#include "driver/tensors.h"
#include "tpuc/runtime/compare.h"

namespace tpuc {

// The float graph on the sample: what the others are measured against.
struct FloatResult {
  NamedTensors outputs;
  std::map<std::string, double> largest;  // of every value, by name: largest absolute value; infinite where not finite
};
FloatResult run_float(const Graph& graph, const NamedTensors& sample, unsigned threads);

// The lowered graph on the sample.
struct LoweredResult {
  NamedTensors outputs;
  // E7002: an output is finite in the float graph and not here; names the first value of which that holds.
  std::optional<Diagnostic> overflow;
};
LoweredResult run_lowered(const Graph& graph, const Backend& backend, const NamedTensors& sample,
                          const FloatResult& reference, unsigned threads);

struct Verification {
  std::string table;
  size_t failing = 0;
};
// Runs the artifact and compares all three.
Verification verify_artifact(std::span<const std::byte> artifact, const Backend& backend, const NamedTensors& sample,
                             const FloatResult& reference, const LoweredResult& lowered, const Tolerance& tolerance,
                             unsigned threads);

}  // namespace tpuc
