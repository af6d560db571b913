// See the header.
#include "driver/mixture.h"

#include <algorithm>

#include "driver/float_types.h"
#include "driver/slow_islands.h"

namespace tpuc {
namespace {

CalibrationTable all_in_floats(const TableTrials& trials, CalibrationTable table) {
  const auto halves = trials.fitting_f16(table, [](const Op&) { return true; });
  for (const Op& op : trials.graph().ops())
    if (const auto row = table.ranges.find(op.out(0)->name); row != table.ranges.end())
      row->second.precision = halves.contains(row->first) ? DType::F16 : DType::F32;
  return table;
}

// What an operator computes in, by a table and what it plans in 8 bits.
DType type_of(const Op& op, const TensorRange& row, const QuantizePlan& plan) {
  if (plan.form_of(op)) return DType::I8;
  return row.precision.value_or(row.float_type.value_or(DType::F32));
}

}  // namespace

std::vector<Mixture> mixtures_around(const TableTrials& trials, const CalibrationTable& plain,
                                     const std::map<std::string, DType>& floats, const LayerTimes& f16) {
  std::vector<Mixture> all;
  CalibrationTable table = plain;
  for (const auto& [name, type] : floats) table.ranges.at(name).precision = type;
  const auto bare = trials.times(table);
  if (bare) all.push_back({table, *bare});
  const FloatTypes types = choose_float_types(trials, table);
  for (const auto& [name, type] : types.types) table.ranges.at(name).float_type = type;
  if (types.times && !types.types.empty()) all.push_back({table, *types.times});
  if (types.times) {
    SlowIslands slow = leave_slow_islands({&trials, &table, *types.times, f16, {}});
    if (!slow.floats.empty()) all.push_back({std::move(slow.table), std::move(slow.times)});
  }
  CalibrationTable no_integers = all_in_floats(trials, plain);
  const bool may_be_fastest =
      std::all_of(all.begin(), all.end(), [&](const Mixture& m) { return f16.total <= m.times.total; });
  const auto times = may_be_fastest ? trials.times(no_integers) : std::nullopt;
  if (times) all.push_back({std::move(no_integers), *times});
  return all;
}

PrecisionTable rows_between(const TableTrials& trials, const CalibrationTable& given, const CalibrationTable& wanted) {
  const QuantizePlan plan = trials.plan(wanted);
  PrecisionTable table;
  const auto differs = [&](const Op& op) {
    const TensorRange &have = given.ranges.at(op.out(0)->name), &want = wanted.ranges.at(op.out(0)->name);
    if (plan.form_of(op)) return have.precision.has_value();
    return want.precision
               ? want.precision != have.precision
               : have.precision || want.float_type.value_or(DType::F32) != have.float_type.value_or(DType::F32);
  };
  const auto for_all = [&](const auto& act) {
    for (const Op& op : trials.graph().ops())
      if (given.ranges.contains(op.out(0)->name) && is_float(op.out(0)->type.dtype)) act(op);
  };
  for_all([&](const Op& op) {
    if (differs(op)) table.rows.push_back({row_name(op), type_of(op, wanted.ranges.at(op.out(0)->name), plan)});
  });
  // A row for a node meets all operators that were made from it.
  const LayerPrecisions read(table, trials.graph());
  for_all([&](const Op& op) {
    const DType want = type_of(op, wanted.ranges.at(op.out(0)->name), plan);
    if (const auto row = read.of(op); row && *row != want) table.rows.push_back({row_name(op), want});
  });
  return table;
}

}  // namespace tpuc
