// What operators compute in that have no place in 8 bits: F16 is half the traffic of F32, where range and rounding
// allow.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "driver/table_trials.h"

namespace tpuc {

struct FloatTypes {
  std::map<std::string, DType> types;  // F16, by name of the result; other operators keep F32
  std::optional<LayerTimes> times;     // predicted with them; nothing where the chip refuses the network
};

// F16 everywhere, or before the last operator in 8 bits only, or nowhere: what is predicted to be fastest and costs the
// results next to nothing.
//   table: with all that it leaves in floats
FloatTypes choose_float_types(const TableTrials& trials, const CalibrationTable& table);

}  // namespace tpuc
