// Candidates are tried as compiled networks, and as lowered ones on the samples.
#include "driver/float_types.h"

#include <unordered_set>

namespace tpuc {
namespace {

constexpr double kMostLoss = 0.5;  // dB of the results' signal to noise

using Names = std::unordered_set<std::string>;

// Of the names those whose values an operator in 8 bits comes to see.
Names leading_to_integers(const Graph& graph, const QuantizePlan& plan, const Names& names) {
  std::unordered_set<const Op*> leads;
  Names out;
  for (auto op = graph.ops().rbegin(); op != graph.ops().rend(); ++op)
    for (const auto& v : op->out())
      for (const Op* user : v->uses)
        if (plan.form_of(*user) || leads.contains(user)) leads.insert(&*op);
  for (const Op* op : leads)
    if (names.contains(op->out(0)->name)) out.insert(op->out(0)->name);
  return out;
}

CalibrationTable with_halves(CalibrationTable table, const Names& halves) {
  for (const std::string& name : halves) table.ranges.at(name).float_type = DType::F16;
  return table;
}

std::map<std::string, DType> types_of(const Names& names) {
  std::map<std::string, DType> types;
  for (const std::string& name : names) types.emplace(name, DType::F16);
  return types;
}

}  // namespace

FloatTypes choose_float_types(const TableTrials& trials, const CalibrationTable& table) {
  const QuantizePlan plan = trials.plan(table);
  const auto may_be_half = [&](const Op& op) {
    return !plan.form_of(op) && !table.ranges.at(op.out(0)->name).precision;
  };
  const bool may_choose = !plan.forms.empty() && !plan.is_stated;
  const Names everywhere = may_choose ? trials.fitting_f16(table, may_be_half) : Names{};
  FloatTypes best{{}, trials.times(table)};
  if (everywhere.empty() || !best.times) return best;
  const Names before_the_last = leading_to_integers(trials.graph(), plan, everywhere);
  const double wanted = trials.decibels(table) - kMostLoss;
  for (const Names* names : {&everywhere, &before_the_last}) {
    const CalibrationTable candidate = with_halves(table, *names);
    if (names->empty() || trials.decibels(candidate) < wanted) continue;
    std::optional<LayerTimes> times = trials.times(candidate);
    if (times && times->total < best.times->total) best = {types_of(*names), std::move(times)};
  }
  return best;
}

}  // namespace tpuc
