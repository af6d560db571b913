// Candidates are tried as lowered networks: noise is that of 8 bits and of halves together.
#include "driver/float_types.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_set>

#include "driver/f16_range.h"
#include "driver/layer_times.h"
#include "driver/quantization.h"
#include "driver/result_noise.h"
#include "passes/quantize_plan.h"
#include "tpuc/pass/pipeline.h"

namespace tpuc {
namespace {

constexpr double kMostLoss = 0.5;  // dB of the results' signal to noise

using Names = std::unordered_set<std::string>;

class Chooser {
 public:
  Chooser(const Module& module, const FloatTypesRequest& request, const Backend& backend)
      : module_(module),
        graph_(*module.nets.front().stages.front()),
        request_(request),
        backend_(backend),
        results_(graph_, request.samples, request.threads) {}

  FloatTypes run() {
    plan_ = plan_quantization(graph_, quantization(graph_));
    const bool may_choose = !plan_.forms.empty() && !plan_.is_stated;
    const Names everywhere = may_choose ? candidates() : Names{}, nowhere;
    FloatTypes best{{}, cycles_of(with(nowhere))};
    if (everywhere.empty() || !best.cycles) return best;
    const Names before_the_last = leading_to_integers(everywhere);
    const double wanted = decibels_of(with(nowhere)) - kMostLoss;
    for (const Names* names : {&everywhere, &before_the_last}) {
      if (names->empty() || decibels_of(with(*names)) < wanted) continue;
      const auto cycles = cycles_of(with(*names));
      if (cycles && *cycles < *best.cycles) best = {types_of(*names), cycles};
    }
    return best;
  }

 private:
  Quantization quantization(const Graph& canonical) const {
    std::vector<std::string> notes;
    return make_quantization(canonical, *request_.table, {Precision::Int8, &no_rows_, request_.asymmetric}, notes);
  }

  // In floats, with ranges that F16 holds.
  Names candidates() const {
    const auto may_be_half = [this](const Op& op) {
      const auto row = request_.table->ranges.find(op.out(0)->name);
      return row != request_.table->ranges.end() && !row->second.precision && is_float(op.out(0)->type.dtype) &&
             !plan_.form_of(op) && float_beside_int8(op, *request_.table) == DType::F16;
    };
    std::unordered_set<const Op*> lost;
    for (const NamedTensors& sample : request_.samples)
      lost.merge(find_range_losses(graph_, sample, may_be_half, request_.threads).keep_in_f32);
    Names names;
    for (const Op& op : graph_.ops())
      if (may_be_half(op) && !lost.contains(&op)) names.insert(op.out(0)->name);
    return names;
  }

  Names leading_to_integers(const Names& names) const {
    std::unordered_set<const Op*> leads;
    Names out;
    for (auto op = graph_.ops().rbegin(); op != graph_.ops().rend(); ++op)
      for (const auto& v : op->out())
        for (const Op* user : v->uses)
          if (plan_.form_of(*user) || leads.contains(user)) leads.insert(&*op);
    for (const Op* op : leads)
      if (names.contains(op->out(0)->name)) out.insert(op->out(0)->name);
    return out;
  }

  CalibrationTable with(const Names& halves) const {
    CalibrationTable table = *request_.table;
    for (const std::string& name : halves) table.ranges.at(name).float_type = DType::F16;
    return table;
  }

  std::optional<int64_t> cycles_of(const CalibrationTable& table) const {
    CompileOptions options;
    options.precision = Precision::Int8;
    options.asymmetric = request_.asymmetric;
    return predicted_cycles(module_, table, options, backend_);
  }

  // Between the signal of the results and their noise.
  double decibels_of(const CalibrationTable& table) const {
    Module copy = quantized_copy(module_, table, [this](const Graph& canonical) { return quantization(canonical); });
    PassOptions passes;
    passes.verify_each = false;
    passes.precision = DType::F32;
    passes.supports = [this](const Op& op, DType t) { return backend_.supports(op, t).ok; };
    passes.layer_precisions = [&](const Graph& graph) { return calibrated_types(graph, table, no_rows_); };
    const std::string names[] = {"lower-precision"};
    run_passes(copy, names, passes);
    return decibels(results_.measure(*copy.nets.front().stages.front()));
  }

  static std::map<std::string, DType> types_of(const Names& names) {
    std::map<std::string, DType> types;
    for (const std::string& name : names) types.emplace(name, DType::F16);
    return types;
  }

  const Module& module_;
  const Graph& graph_;
  const FloatTypesRequest& request_;
  const Backend& backend_;
  const ResultNoise results_;
  const LayerPrecisions no_rows_;
  QuantizePlan plan_;
};

}  // namespace

FloatTypes choose_float_types(const Module& canonical, const FloatTypesRequest& request, const Backend& backend) {
  return Chooser(canonical, request, backend).run();
}

}  // namespace tpuc
