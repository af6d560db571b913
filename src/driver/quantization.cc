// A table and a graph that do not know each other are told apart here, by the names they share.
#include "driver/quantization.h"

#include <algorithm>
#include <cmath>

#include "tpuc/ir/copy.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"
#include "tpuc/support/suggest.h"

namespace tpuc {
namespace {

constexpr size_t kMaxNames = 8;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMaxNames); ++i)
    text += fmt::format("{}`{}`", i == 0 ? "" : ", ", names[i]);
  return names.size() > kMaxNames ? text + fmt::format(" and {} more", names.size() - kMaxNames) : text;
}

// Results of operators and inputs: what has a range.
std::vector<std::string> real_values(const Graph& graph) {
  std::vector<std::string> names;
  const auto take = [&](const Value& v) {
    if (is_float(v.type.dtype)) names.push_back(v.name);
  };
  for (const auto& v : graph.inputs()) take(*v);
  for (const Op& op : graph.ops())
    for (const auto& v : op.out()) take(*v);
  return names;
}

Diagnostic foreign_table(const std::vector<std::string>& strange, const std::vector<std::string>& missing) {
  return diagnostic(ErrorCode::E3031, "the calibration table is not one of this model: {} of its tensors are unknown",
                    strange.size())
      .note("unknown", listed(strange))
      .note("missing", listed(missing))
      .note("hint", "`tpuc calibrate MODEL --data PATH -o TABLE` with the same model, --outputs and shapes");
}

Diagnostic no_calibration() {
  return diagnostic(ErrorCode::E2001, "--precision int8 needs the ranges of the network's values")
      .note("hint", "`tpuc calibrate MODEL --data PATH -o TABLE.json`, then --calibration TABLE.json");
}

// The user's word goes before the calibration's.
void take_wishes(const QuantizationRequest& request, std::unordered_map<std::string, DType> floats, Quantization& out) {
  out.asymmetric = request.asymmetric;
  const bool is_default = request.precision == Precision::Int8;
  out.insists_on_int8 = [table = request.table](const Op& op) { return table->of(op) == DType::I8; };
  out.wants_int8 = [table = request.table, is_default, floats = std::move(floats)](const Op& op) {
    if (const std::optional<DType> row = table->of(op)) return *row == DType::I8;
    return is_default && !floats.contains(op.out(0)->name);
  };
}

std::string floats_note(const std::unordered_map<std::string, DType>& floats, const Graph& canonical) {
  std::vector<std::string> names;
  for (const Op& op : canonical.ops())
    if (floats.contains(op.out(0)->name)) names.push_back(op.out(0)->name);
  return fmt::format("computes in floats where the calibration found 8 bits too coarse or too slow: {}", listed(names));
}

}  // namespace

bool asks_for_int8(Precision precision, const PrecisionTable& table) {
  return precision == Precision::Int8 ||
         std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) { return row.precision == DType::I8; });
}

std::unordered_map<std::string, DType> calibrated_floats(const Graph& canonical, const CalibrationTable& calibration) {
  std::unordered_map<std::string, DType> floats;
  for (const Op& op : canonical.ops())
    if (const auto row = calibration.ranges.find(op.out(0)->name); row != calibration.ranges.end())
      if (row->second.precision) floats.emplace(row->first, *row->second.precision);
  return floats;
}

std::unordered_map<const Op*, DType> calibrated_types(const Graph& graph, const CalibrationTable& calibration,
                                                      const LayerPrecisions& table) {
  std::unordered_map<const Op*, DType> types;
  for (const Op& op : graph.ops()) {
    const auto row = calibration.ranges.find(op.out(0)->name);
    if (row == calibration.ranges.end() || !is_float(op.out(0)->type.dtype) || table.of(op)) continue;
    const TensorRange& r = row->second;
    if (const auto type = r.precision ? r.precision : r.float_type) types.emplace(&op, *type);
  }
  return types;
}

Quantization make_quantization(const Graph& canonical, const CalibrationTable& calibration,
                               const QuantizationRequest& request, std::vector<std::string>& notes) {
  Quantization out;
  const auto floats = calibrated_floats(canonical, calibration);
  take_wishes(request, floats, out);
  if (calibration.ranges.empty()) {
    if (!states_quantization(canonical)) throw UserError(no_calibration());
    if (const auto unknown = values_without_scale(canonical); !unknown.empty())
      notes.push_back(fmt::format("computes in floats where the network states no scale: {}", listed(unknown)));
    return out;
  }
  std::vector<std::string> strange, missing;
  for (const std::string& name : real_values(canonical))
    if (const auto row = calibration.ranges.find(name); row != calibration.ranges.end()) {
      out.ranges.emplace(name, ValueRange{row->second.min, row->second.max});
      if (!row->second.means.values.empty()) out.means.emplace(name, row->second.means);
    } else {
      missing.push_back(name);
    }
  for (const auto& [name, range] : calibration.ranges)
    if (canonical.find(name) == nullptr) strange.push_back(name);
  // Tables of other compilers keep names of tensors that this one has folded away: as long as most of what is needed is
  // there, strangers are no mistake.
  const bool lacks_most = missing.size() > out.ranges.size() && strange.size() > out.ranges.size();
  if (out.ranges.empty() || lacks_most) throw UserError(foreign_table(strange, missing));
  if (!floats.empty() && request.precision == Precision::Int8) notes.push_back(floats_note(floats, canonical));
  if (!missing.empty()) notes.push_back(fmt::format("computes in floats where no range is known: {}", listed(missing)));
  return out;
}

std::unordered_map<std::string, WeightRounding> calibrated_roundings(const CalibrationTable& calibration) {
  std::unordered_map<std::string, WeightRounding> roundings;
  for (const auto& [name, row] : calibration.ranges)
    if (!row.rounding.weights.empty()) roundings.emplace(name, row.rounding);
  return roundings;
}

Module quantized_copy(const Module& canonical, const CalibrationTable& calibration,
                      const std::function<Quantization(const Graph&)>& how) {
  Module copy = copy_module(canonical);
  PassOptions passes;
  passes.verify_each = false;
  passes.quantization = how;
  passes.roundings = calibrated_roundings(calibration);
  const std::string names[] = {"round-weights", "correct-bias", "quantize"};
  run_passes(copy, names, passes);
  return copy;
}

DType float_beside_int8(double largest) {
  constexpr double kF16Safe = 30000;
  return largest > kF16Safe ? DType::F32 : DType::F16;
}

double largest_seen(const Op& op, const CalibrationTable& calibration) {
  double largest = 0;
  const auto consider = [&](const Value* v) {
    if (v == nullptr || v->is_constant() || !is_float(v->type.dtype)) return;
    const auto row = calibration.ranges.find(v->name);
    if (row == calibration.ranges.end()) return;
    largest = std::max({largest, std::abs(double(row->second.seen_min)), std::abs(double(row->second.seen_max))});
  };
  for (const Value* v : op.in()) consider(v);
  consider(op.out(0));
  return largest;
}

DType float_beside_int8(const Op& op, const CalibrationTable& calibration) {
  return float_beside_int8(largest_seen(op, calibration));
}

}  // namespace tpuc
