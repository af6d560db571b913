// What operators compute in that have no place in 8 bits: F16 is half the traffic of F32, where range and rounding
// allow.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tpuc/backend/backend.h"
#include "tpuc/ir/graph.h"
#include "tpuc/quant/table.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

struct FloatTypesRequest {
  const CalibrationTable* table = nullptr;  // with all that it leaves in floats
  std::vector<NamedTensors> samples;        // few: each trial runs them all
  bool asymmetric = false;
  unsigned threads = 0;
};

struct FloatTypes {
  std::map<std::string, DType> types;  // F16, by name of the result; other operators keep F32
  std::optional<int64_t> cycles;       // predicted with them; nothing where the chip refuses the network
};

// F16 everywhere, or before the last operator in 8 bits only, or nowhere: what is predicted to be fastest and costs the
// results next to nothing.
FloatTypes choose_float_types(const Module& canonical, const FloatTypesRequest& request, const Backend& backend);

}  // namespace tpuc
