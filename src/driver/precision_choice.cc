// Joins the user's table with what the sample shows. A row of the table is the user's word: it is not overruled.
#include "driver/precision_choice.h"

#include <algorithm>

#include "driver/pipeline.h"
#include "driver/rounding.h"
#include "driver/tensors.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

constexpr size_t kMaxLines = 16, kMaxRoundingRows = 1000;

bool computes_floats(const Op& op) {
  return std::any_of(op.out().begin(), op.out().end(), [](const auto& v) { return is_float(v->type.dtype); }) ||
         std::any_of(op.in().begin(), op.in().end(),
                     [](const Value* v) { return v != nullptr && is_float(v->type.dtype); });
}

// In program order.
std::vector<const Op*> in_order(const Graph& graph, const std::unordered_set<const Op*>& ops) {
  std::vector<const Op*> out;
  for (const Op& op : graph.ops())
    if (ops.contains(&op)) out.push_back(&op);
  return out;
}

// The rows of a --precision-table that keep the operators in F32.
void add_rows(Diagnostic& d, const std::vector<const Op*>& ops, size_t most) {
  std::vector<std::string> names;
  for (const Op* op : ops)
    if (std::string name = row_name(*op); std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  for (size_t i = 0; i < std::min(names.size(), most); ++i)
    d.notes.emplace_back("table", precision_row(names[i], DType::F32));
  if (names.size() > most) d.notes.emplace_back("table", fmt::format("... and {} more", names.size() - most));
}

Diagnostic loss_diagnostic(const RangeReport& report, const std::vector<const Op*>& ops) {
  Diagnostic d = diagnostic(ErrorCode::E7002, "{}", to_text(report.losses.front()));
  add_rows(d, ops, kMaxLines);
  return std::move(d).note("hint",
                           "these rows of a --precision-table keep in f32 what leaves the range on the sample; so does "
                           "compiling without --strict-precision");
}

// All of the rows: fewer of them do not help.
Diagnostic rounding_diagnostic(const RoundingReport& report, DType precision) {
  Diagnostic d = diagnostic(ErrorCode::E7001, "{}", to_text(report, precision));
  add_rows(d, report.keep_in_f32, kMaxRoundingRows);
  if (report.keep_in_f32.empty()) return d;
  return std::move(d).note("hint",
                           "these rows of a --precision-table keep in f32 what rounds too coarsely on the sample; so "
                           "does compiling without --strict-precision");
}

std::vector<std::string> kept_notes(const RangeReport& report, size_t kept, size_t all) {
  std::vector<std::string> notes;
  const size_t count = report.losses.size();
  notes.push_back(fmt::format("kept in F32: {} tensor{} out of f16's range on the sample ({} of {} operators)", count,
                              count == 1 ? "" : "s", kept, all));
  for (size_t i = 0; i < std::min(count, kMaxLines); ++i) notes.push_back("kept in F32: " + to_text(report.losses[i]));
  if (count > kMaxLines) notes.push_back(fmt::format("kept in F32: ... and {} more", count - kMaxLines));
  return notes;
}

// The tensors of the sample that are still inputs: others have become constants.
NamedTensors fed_inputs(const Graph& graph, const NamedTensors& tensors) {
  NamedTensors own;
  for (const auto& v : graph.inputs()) own.emplace(v->name, tensors.at(v->name));
  return feed(inputs_of(graph), own, false);
}

}  // namespace

bool is_sample_of(const Graph& graph, const NamedTensors& tensors) {
  return std::all_of(graph.inputs().begin(), graph.inputs().end(), [&](const auto& v) {
    const auto found = tensors.find(v->name);
    return found != tensors.end() && found->second.dims() == v->type.dims;
  });
}

namespace {

// The operators that compute in half precision as things stand.
std::unordered_set<const Op*> half_operators(const Graph& graph, const PrecisionRequest& request,
                                             const PrecisionChoice& choice, const Backend& backend, DType half) {
  std::unordered_set<const Op*> out;
  for (const Op& op : graph.ops()) {
    const auto row = choice.of.find(&op);
    const DType wanted = row == choice.of.end() ? request.precision : row->second;
    if (wanted == half && op.place == Place::Chip && computes_floats(op) && backend.supports(op, wanted).ok)
      out.insert(&op);
  }
  return out;
}

// Whether nothing that is lost stays in F16.
bool keep_range(const Graph& graph, const PrecisionRequest& request, const RangeReport& report,
                PrecisionChoice& choice) {
  const std::vector<const Op*> kept = in_order(graph, report.keep_in_f32);
  if (request.strict) {
    choice.opt_loss = loss_diagnostic(report, kept);
    return false;
  }
  size_t moved = 0;
  for (const Op* op : kept) moved += choice.of.emplace(op, DType::F32).second ? 1 : 0;
  if (moved > 0) choice.notes = kept_notes(report, moved, graph.ops().size());
  if (moved < kept.size())
    choice.notes.push_back(
        fmt::format("the precision table has {} operator{} in f16 whose tensors leave its range on the "
                    "sample, as --strict-precision tells",
                    kept.size() - moved, kept.size() - moved == 1 ? "" : "s"));
  return moved == kept.size();
}

void limit_rounding(const Graph& graph, const PrecisionRequest& request, const NamedTensors& sample,
                    const NamedTensors& reference, const Backend& backend, PrecisionChoice& choice) {
  const auto in_half = half_operators(graph, request, choice, backend, request.precision);
  RoundingRequest rounding;
  rounding.precision = request.precision;
  rounding.sample = &sample;
  rounding.reference = &reference;
  rounding.of = &choice.of;
  rounding.may_move = [&](const Op& op) { return in_half.contains(&op) && !choice.of.contains(&op); };
  rounding.supports = [&](const Op& op, DType t) { return backend.supports(op, t).ok; };
  rounding.tolerance = request.tolerance;
  rounding.threads = request.threads;
  const RoundingReport report = find_rounding_losses(graph, rounding);
  if (request.strict) {
    if (!report.keep_in_f32.empty() || !report.holds)
      choice.opt_rounding_loss = rounding_diagnostic(report, request.precision);
    return;
  }
  for (const Op* op : report.keep_in_f32) choice.of.emplace(op, DType::F32);
  if (!report.keep_in_f32.empty() || !report.holds)
    choice.notes.push_back((report.holds ? "kept in F32: " : "") + to_text(report, request.precision));
}

}  // namespace

PrecisionChoice choose_precisions(const Graph& graph, const PrecisionRequest& request, const Backend& backend) {
  PrecisionChoice choice;
  for (const Op& op : graph.ops())
    if (const std::optional<DType> row = request.table->of(op); row && is_float(*row)) choice.of.emplace(&op, *row);
  const bool is_half = request.precision == DType::F16 || request.precision == DType::BF16;
  const auto in_f16 = half_operators(graph, request, choice, backend, DType::F16);
  if ((in_f16.empty() && !is_half) || request.opt_sample == nullptr || !is_sample_of(graph, *request.opt_sample))
    return choice;
  const NamedTensors sample = fed_inputs(graph, *request.opt_sample);
  const RangeReport report = find_range_losses(
      graph, sample, [&](const Op& op) { return in_f16.contains(&op); }, request.threads);
  const bool is_in_range = report.losses.empty() || keep_range(graph, request, report, choice);
  if (is_half && is_in_range) limit_rounding(graph, request, sample, report.outputs, backend, choice);
  return choice;
}

}  // namespace tpuc
