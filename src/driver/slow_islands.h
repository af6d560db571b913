// Islands of 8 bits that do not pay for their casts: integers are faster where there is much to multiply, and there
// only. Not for accuracy (float_layers.h): what leaves 8 bits here comes nearer to the float network by it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver/table_trials.h"

namespace tpuc {

struct SlowIslandsRequest {
  const TableTrials* trials = nullptr;
  const CalibrationTable* table = nullptr;  // with its float types chosen
  LayerTimes int8, f16;                     // predicted with the table, and without any integers
  // Predicted with another table; empty: the trials' own.
  std::function<std::optional<LayerTimes>(const CalibrationTable&)> predict;
};

struct SlowIslands {
  std::vector<std::string> floats;  // operators that leave 8 bits, by name of the result
  CalibrationTable table;           // with rows for them, and the types of what is in floats beside them
  bool all_leave = false;           // nothing is left in 8 bits
  LayerTimes times;                 // predicted with the table
};

// The fastest of the mixtures that were tried: islands (int8_islands.h) leave 8 bits whole, and only where all of their
// operators find room in F16. Networks that state their own scales stay as they are, and so does an island of
// convolutions that is most of a network.
SlowIslands leave_slow_islands(const SlowIslandsRequest& request);

}  // namespace tpuc
