// The element type of single operators where it is not the one asked for the network: the rows of --precision-table,
// and F32 for what leaves F16's range on a sample or where its rounding grows too far.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "driver/f16_range.h"
#include "driver/precision_table.h"
#include "tpuc/backend/backend.h"
#include "tpuc/runtime/compare.h"

namespace tpuc {

struct PrecisionRequest {
  DType precision = DType::F16;
  const LayerPrecisions* table = nullptr;  // never null when used
  const NamedTensors* opt_sample = nullptr;
  Tolerance tolerance;  // of the outputs on the sample
  bool strict = false;  // losses are told, not avoided
  unsigned threads = 0;
};

struct PrecisionChoice {
  std::unordered_map<const Op*, DType> of;
  std::vector<std::string> notes;      // "kept in F32: ...": what the sample changed, a line each
  std::optional<Diagnostic> opt_loss;  // E7002: strict, and the sample leaves F16's range
  // E7001: strict, and rounding grows on the sample until an output leaves the tolerance.
  std::optional<Diagnostic> opt_rounding_loss;
};
PrecisionChoice choose_precisions(const Graph& graph, const PrecisionRequest& request, const Backend& backend);

// Whether the tensors hold all inputs of the graph in their shapes.
bool is_sample_of(const Graph& graph, const NamedTensors& tensors);

}  // namespace tpuc
