// Operators leave 8 bits in the order of harm for their work, until the results are good enough or too much has left.
#include "driver/float_layers.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "driver/quantization.h"
#include "driver/result_noise.h"
#include "driver/sensitivity.h"
#include "ops/work.h"

namespace tpuc {
namespace {

constexpr double kMostWork = 0.5;  // of the network's, in floats
constexpr double kLeastGain = 6;   // dB: what does not bring that much is left as it is
// A class is told from others by more than its score's noise: there only what is next to free leaves 8 bits.
constexpr double kEnoughForClass = 10;  // dB
constexpr double kFreeWork = 0.02, kFreeUnits = 0.03;
constexpr int64_t kMostClasses = 4096;
constexpr double kNegligibleWork = 0.01;  // of the network's: costs as much as this
constexpr int64_t kTrialWork = int64_t{200} << 30, kTrialWorkForClass = int64_t{40} << 30;

using Names = std::unordered_set<std::string>;

class Finder {
 public:
  Finder(const Module& module, const FloatLayersRequest& request)
      : module_(module),
        graph_(*module.nets.front().stages.front()),
        request_(request),
        results_(graph_, request.samples, request.threads) {}

  FloatLayers run() {
    const Quantization how = quantization(graph_, {});
    plan_ = plan_quantization(graph_, how);
    FloatLayers out;
    out.int8_decibels = out.decibels = noise_without({});
    if (plan_.forms.empty() || plan_.is_stated || out.decibels >= request_.decibels) return out;
    is_good_ = is_vector() && out.int8_decibels >= kEnoughForClass;
    order_units(how);
    const size_t count = choose(out);
    out.suffices = is_good_ || out.decibels >= request_.decibels;
    if (count == 0) return out;
    out.layers = count;
    for (size_t i = 0; i < count; ++i) out.work += static_cast<double>(units_[i].work) / static_cast<double>(work_);
    out.precisions = floats_of(names(count));
    return out;
  }

 private:
  static LayerPrecisions& no_rows() {
    static LayerPrecisions none;
    return none;
  }

  Quantization quantization(const Graph& canonical, const Names& floats) const {
    std::vector<std::string> notes;
    Quantization q =
        make_quantization(canonical, *request_.table, {Precision::Int8, &no_rows(), request_.asymmetric}, notes);
    q.wants_int8 = [floats](const Op& op) { return !floats.contains(op.out(0)->name); };
    return q;
  }

  // dB between signal and noise of the results, with these operators in floats.
  double noise_without(const Names& floats) const {
    const Module copy = quantized_copy(module_, *request_.table,
                                       [&](const Graph& canonical) { return quantization(canonical, floats); });
    return decibels(results_.measure(*copy.nets.front().stages.front()));
  }

  void order_units(const Quantization& how) {
    SensitivityRequest request;
    request.how = &how;
    request.plan = &plan_;
    request.samples = &request_.samples;
    request.threads = request_.threads;
    request.most_work = is_good_ ? kTrialWorkForClass : kTrialWork;
    request.on_trials = request_.on_trials;
    units_ = measure_units(graph_, results_, request);
    for (const auto& [op, form] : plan_.forms) work_ += ops::work_of(*op);
    const auto harm = [&](const UnitNoise& unit) {
      return unit.noise / (static_cast<double>(unit.work) + kNegligibleWork * static_cast<double>(work_));
    };
    std::stable_sort(units_.begin(), units_.end(),
                     [&](const UnitNoise& a, const UnitNoise& b) { return harm(a) > harm(b); });
  }

  // The results are vectors: classes, embeddings.
  bool is_vector() const {
    return std::all_of(results_.judged().begin(), results_.judged().end(), [](const Value* v) {
      const Dims& dims = v->type.dims;
      const int64_t count = element_count(v->type);
      return count <= kMostClasses && (dims.empty() || *std::max_element(dims.begin(), dims.end()) == count);
    });
  }

  // How many units may leave.
  size_t most_units() const {
    const double most_work = (is_good_ ? kFreeWork : kMostWork) * static_cast<double>(work_);
    const auto few = std::max<size_t>(2, static_cast<size_t>(kFreeUnits * static_cast<double>(units_.size())));
    size_t most = 0;
    double work = 0;
    while (most < (is_good_ ? std::min(few, units_.size()) : units_.size())) {
      work += static_cast<double>(units_[most].work);
      if (work > most_work) break;
      ++most;
    }
    return most;
  }

  // How many of the units leave; 0 where it is no use.
  size_t choose(FloatLayers& out) const {
    const size_t most = most_units();
    if (most == 0) return 0;
    const double best = noise_without(names(most));
    if (best < request_.decibels && best < out.int8_decibels + kLeastGain) return 0;
    const double wanted = std::min(request_.decibels, best - 1);
    size_t low = 1, high = most;
    out.decibels = best;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const double now = noise_without(names(middle));
      if (now >= wanted)
        high = middle, out.decibels = now;
      else
        low = middle + 1;
    }
    return low;
  }

  Names names(size_t count) const {
    Names out;
    for (size_t i = 0; i < count; ++i) out.insert(units_[i].op->out(0)->name);
    return out;
  }

  // With those that stand between floats then.
  std::map<std::string, DType> floats_of(const Names& chosen) const {
    const QuantizePlan rest = plan_quantization(graph_, quantization(graph_, chosen));
    std::map<std::string, DType> floats;
    for (const auto& [op, form] : plan_.forms)
      if (!rest.form_of(*op)) floats.emplace(op->out(0)->name, float_beside_int8(*op, *request_.table));
    return floats;
  }

  const Module& module_;
  const Graph& graph_;
  const FloatLayersRequest& request_;
  const ResultNoise results_;
  QuantizePlan plan_;
  std::vector<UnitNoise> units_;  // in the order of leaving
  int64_t work_ = 0;
  bool is_good_ = false;  // the results are vectors that 8 bits keep well enough
};

}  // namespace

FloatLayers find_float_layers(const Module& canonical, const FloatLayersRequest& request) {
  return Finder(canonical, request).run();
}

}  // namespace tpuc
