// From what a search leaves in floats to whole tables: what stands beside it, and what of it gains by following.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "driver/table_trials.h"

namespace tpuc {

struct Mixture {
  CalibrationTable table;
  LayerTimes times;  // predicted
};

// With these operators in floats and no more; with halves beside them where that is faster; without
// the islands of 8 bits that are slow then; and all in F16, F32 where that has no room.
//   plain: a table that leaves nothing in floats; f16: times without integers. What the chip refuses is left out.
std::vector<Mixture> mixtures_around(const TableTrials& trials, const CalibrationTable& plain,
                                     const std::map<std::string, DType>& floats, const LayerTimes& f16);

// Rows that make `compile` with the table `given` do what `wanted` says: the two differ in precisions and float types.
PrecisionTable rows_between(const TableTrials& trials, const CalibrationTable& given, const CalibrationTable& wanted);

}  // namespace tpuc
