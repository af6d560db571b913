// Layers that are faster in floats leave int8 first. Of the others each alone says how much it hurts, the cycle model
// what it saves; they leave in the order of harm per cycle, as few as reach the budget (found by bisection, then
// tightened by taking single ones back). Of the tables around them, plain F16 among these, the fastest inside the
// budget is taken.
#include "driver/search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_set>

#include "driver/layer_times.h"
#include "driver/mixture.h"
#include "driver/quantization.h"
#include "driver/result_noise.h"
#include "driver/search_journal.h"
#include "driver/sensitivity.h"
#include "driver/slow_islands.h"
#include "driver/tensors.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "tpuc/ir/equal.h"
#include "tpuc/runtime/compare.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

constexpr size_t kMostTaken = 64;         // layers that are tried to be taken back, those with most time first
constexpr size_t kMostTakenByMetric = 8;  // the same where each trial is an evaluation
constexpr int64_t kHarmWork = int64_t{400} << 30;

bool is_layer(const Op& op) { return op.is<ops::Conv2d>() || op.is<ops::ConvTranspose2d>() || op.is<ops::MatMul>(); }

using Names = std::unordered_set<std::string>;

class Search {
 public:
  Search(const Module& module, const SearchRequest& request, const Backend& backend)
      : module_(module),
        source_(*module.nets.front().stages.front()),
        request_(request),
        backend_(backend),
        plain_(without_floats(*request.calibration)),
        trials_(module, {request.samples, request.options.asymmetric, request.threads}, backend) {}

  SearchResult run() {
    list_layers();
    if (!request_.journal.empty()) journal_ = SearchJournal(request_.journal, fingerprint());
    run_reference();
    total_ = 2 * layers().size() + 24;
    const Names everything = names_of(0);
    result_.int8_cosine = trial(everything);
    predict_times();
    leave_what_is_slow();
    Names chosen = names_of(0);
    if (!is_accepted(chosen)) {
      measure_harm();
      chosen = take_back(bisect());
    }
    finish(chosen);
    return std::move(result_);
  }

 private:
  std::vector<LayerSearch>& layers() { return result_.layers; }

  // The search decides anew what an earlier calibration left in floats.
  static CalibrationTable without_floats(CalibrationTable table) {
    for (auto& [name, row] : table.ranges) row.precision.reset();
    return table;
  }

  void list_layers() {
    for (const Op& op : source_.ops()) {
      if (!is_layer(op)) continue;
      const auto range = request_.calibration->ranges.find(op.out(0)->name);
      if (range == request_.calibration->ranges.end()) continue;
      LayerSearch layer;
      layer.name = op.out(0)->name, layer.op = op.name();
      layer.range = {range->second.min, range->second.max};
      layers().push_back(std::move(layer));
    }
    if (layers().empty())
      throw UserError(diagnostic(ErrorCode::E3031,
                                 "the calibration has no range of a convolution or matrix product "
                                 "of the network: nothing can be int8")
                          .note("hint", "`tpuc calibrate` makes ranges; is the table one of another model?"));
  }

  void run_reference() {
    ExecOptions options;
    options.threads = request_.threads;
    Executor executor(source_, options);
    for (const NamedTensors& sample : request_.samples) reference_.push_back(executor.run(sample));
  }

  // A copy of the network in which these layers, and what lies between them, are int8.
  Module quantized(const Names& int8) const {
    return quantized_copy(module_, plain_, [&](const Graph& canonical) {
      std::vector<std::string> notes;
      const LayerPrecisions no_table;
      Quantization q =
          make_quantization(canonical, plain_, {Precision::Int8, &no_table, request_.options.asymmetric}, notes);
      q.wants_int8 = [&int8](const Op& op) { return !is_layer(op) || int8.contains(op.out(0)->name); };
      return q;
    });
  }

  static std::string hex(const Hash& h) { return fmt::format("{:016x}{:016x}", h.hi, h.lo); }
  static std::string word_for(const std::string& all) {
    Tensor text(DType::U8, {static_cast<int64_t>(all.size())});
    std::copy(all.begin(), all.end(), text.as_mutable<uint8_t>().begin());
    return hex(content_hash(text));
  }

  // Tells searches apart whose answers may differ.
  std::string fingerprint() const {
    std::string all = hex(hash(source_)) + to_json(*request_.calibration) + request_.accepts_what;
    all += request_.options.asymmetric ? "asymmetric" : "";
    for (const NamedTensors& sample : request_.samples)
      for (const auto& [name, tensor] : sample) all += name + hex(content_hash(tensor));
    return word_for(all);
  }

  // A digit a layer, 1 for int8.
  std::string digits(const Names& int8) const {
    std::string out;
    for (const LayerSearch& layer : result_.layers) out += int8.contains(layer.name) ? '1' : '0';
    return out;
  }

  double trial(const Names& int8) {
    ++result_.trials;
    tell(result_.trials);
    return journal_.answer("cosine " + digits(int8), [&] { return cosine_of(quantized(int8)); });
  }

  // Cosine of the results, mean over the samples, of the worst output.
  double cosine_of(const Module& module) const {
    ExecOptions options;
    options.threads = request_.threads;
    const Graph& graph = *module.nets.front().stages.front();
    Executor executor(graph, options);
    double sum = 0;
    for (size_t i = 0; i < request_.samples.size(); ++i) {
      double worst = 1;
      for (const Comparison& row :
           compare_all(executor.run(feed(inputs_of(graph), request_.samples[i], false)), reference_[i]))
        worst = std::min(worst, row.problem.empty() ? row.cosine : -1.0);
      sum += worst;
    }
    return sum / static_cast<double>(request_.samples.size());
  }

  bool is_accepted(const Names& int8) {
    if (!request_.accepts) return trial(int8) >= request_.cosine;
    ++result_.trials;
    return journal_.answer("accepted " + digits(int8), [&] { return request_.accepts(quantized(int8)) ? 1.0 : 0.0; }) !=
           0;
  }
  // The same of a whole table.
  bool is_accepted(const Module& lowered, double cosine, const std::string& word) {
    if (!request_.accepts) return cosine >= request_.cosine;
    ++result_.trials;
    return journal_.answer("accepted " + word, [&] { return request_.accepts(lowered) ? 1.0 : 0.0; }) != 0;
  }

  void tell(size_t done) const {
    if (request_.on_trials) request_.on_trials(std::min(done, total_), total_);
  }

  // Each layer alone in 8 bits, among floats.
  void measure_harm() {
    result_.is_measured = true;
    const auto question = [&](const LayerSearch& layer) { return fmt::format("harm {}", &layer - layers().data()); };
    const bool is_known = std::all_of(layers().begin(), layers().end(),
                                      [&](const LayerSearch& l) { return journal_.find(question(l)).has_value(); });
    if (!is_known) run_harm_trials();
    for (LayerSearch& layer : layers())
      layer.alone_db = journal_.answer(question(layer), [&] { return layer.alone_db; });
  }

  void run_harm_trials() {
    std::vector<std::string> notes;
    const LayerPrecisions no_table;
    Quantization how =
        make_quantization(source_, plain_, {Precision::Int8, &no_table, request_.options.asymmetric}, notes);
    const QuantizePlan plan = plan_quantization(source_, how);
    SensitivityRequest request;
    request.how = &how;
    request.plan = &plan;
    request.samples = &request_.samples;
    request.threads = request_.threads;
    request.most_work = kHarmWork;
    request.is_unit = [](const Op& op) { return is_layer(op); };
    request.on_trials = [this](size_t done, size_t all) { tell(layers().size() * done / std::max<size_t>(1, all)); };
    std::unordered_map<std::string, double> noise;
    for (const UnitNoise& unit : measure_units(source_, trials_.results(), request))
      noise.emplace(unit.op->out(0)->name, unit.noise);
    for (LayerSearch& layer : layers())
      layer.alone_db = decibels(noise.contains(layer.name) ? noise.at(layer.name) : 0);
  }

  // All layers but the slow ones, and the first `leaving` in the order of leaving.
  Names names_of(size_t leaving) const {
    Names int8;
    for (const LayerSearch& layer : result_.layers)
      if (!slow_.contains(layer.name)) int8.insert(layer.name);
    for (size_t i = 0; i < std::min(leaving, order_.size()); ++i) int8.erase(result_.layers[order_[i]].name);
    return int8;
  }

  void predict_times() {
    int8_ = times_with(plain_, {}, Precision::Int8), half_ = times_with(plain_, {}, Precision::F16);
    result_.int8_cycles = int8_.total, result_.float_cycles = half_.total;
    for (LayerSearch& layer : layers())
      layer.int8_cycles = int8_.of(layer.name), layer.float_cycles = half_.of(layer.name);
  }

  LayerTimes times_with(const CalibrationTable& table, const PrecisionTable& rows, Precision precision) const {
    CompileOptions options = request_.options;
    options.precision = precision;
    options.precision_table = rows;
    return layer_times(module_, table, options, backend_);
  }

  void leave_what_is_slow() {
    const SlowIslands slow = leave_slow_islands({&trials_, &plain_, int8_, half_, {}});
    slow_.insert(slow.floats.begin(), slow.floats.end());
  }

  // The fewest layers, most harm per cycle first, that must leave.
  Names bisect() {
    for (size_t i = 0; i < layers().size(); ++i)
      if (!slow_.contains(layers()[i].name)) order_.push_back(i);
    const auto harm_per_cycle = [&](size_t i) {
      const LayerSearch& layer = layers()[i];
      const double cost = static_cast<double>(std::max<int64_t>(1, layer.float_cycles - layer.int8_cycles));
      return std::pow(10.0, -layer.alone_db / 10) / cost;
    };
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return harm_per_cycle(a) > harm_per_cycle(b); });
    size_t low = 1, high = order_.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (is_accepted(names_of(middle)))
        high = middle;
      else
        low = middle + 1;
    }
    left_ = std::min(low, order_.size());
    return names_of(low);
  }

  // A layer that left early may have become harmless now that others are gone.
  Names take_back(Names int8) {
    std::vector<size_t> gone(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(left_));
    const auto saves = [&](size_t i) { return layers()[i].float_cycles - layers()[i].int8_cycles; };
    std::stable_sort(gone.begin(), gone.end(), [&](size_t a, size_t b) { return saves(a) > saves(b); });
    gone.resize(std::min(gone.size(), request_.accepts ? kMostTakenByMetric : kMostTaken));
    for (const size_t i : gone) {
      int8.insert(layers()[i].name);
      if (!is_accepted(int8)) int8.erase(layers()[i].name);
    }
    return int8;
  }

  static DType float_for(const ValueRange& range) {
    return float_beside_int8(std::max(std::abs(range.min), std::abs(range.max)));
  }

  void finish(const Names& int8) {
    std::map<std::string, DType> floats;
    for (const LayerSearch& layer : layers())
      if (!int8.contains(layer.name)) floats.emplace(layer.name, float_for(layer.range));
    const CalibrationTable chosen = fastest_inside(floats);
    result_.table = rows_between(trials_, *request_.calibration, chosen);
    result_.cycles = times_with(*request_.calibration, result_.table, Precision::Int8).total;
    const QuantizePlan plan = trials_.plan(chosen);
    for (const Op& op : source_.ops()) tell_choice(op, chosen, plan, floats);
    measure_accumulated();
  }

  // Of the tables that leave these layers in floats, or more. Where halves are too much for the budget, F32 never is.
  CalibrationTable fastest_inside(const std::map<std::string, DType>& floats) {
    for (const Mixture& mixture : candidates(floats)) {
      const Module lowered = trials_.lowered(mixture.table);
      const std::string word = "table " + word_for(to_json(mixture.table));
      tell(++result_.trials);
      result_.cosine = journal_.answer("cosine " + word, [&] { return cosine_of(lowered); });
      if (is_accepted(lowered, result_.cosine, word)) return mixture.table;
    }
    CalibrationTable table = plain_;
    for (const auto& [name, type] : floats) table.ranges.at(name).precision = DType::F32;
    for (auto& [name, row] : table.ranges) row.float_type.reset();
    result_.cosine = cosine_of(trials_.lowered(table));
    return table;
  }

  // And what the calibration itself leaves in floats.
  std::vector<Mixture> candidates(const std::map<std::string, DType>& floats) const {
    std::vector<Mixture> all = mixtures_around(trials_, plain_, floats, half_);
    if (!(plain_ == *request_.calibration))
      if (auto times = trials_.times(*request_.calibration)) all.push_back({*request_.calibration, *std::move(times)});
    std::stable_sort(all.begin(), all.end(),
                     [](const Mixture& a, const Mixture& b) { return a.times.total < b.times.total; });
    return all;
  }

  void tell_choice(const Op& op, const CalibrationTable& chosen, const QuantizePlan& plan,
                   const std::map<std::string, DType>& harmful) {
    const std::string& name = op.out(0)->name;
    const auto layer = std::find_if(layers().begin(), layers().end(), [&](const auto& l) { return l.name == name; });
    if (layer == layers().end() || plan.form_of(op)) return;
    layer->precision = chosen.ranges.at(name).precision.value_or(DType::F32);
    const bool is_calibrated = chosen == *request_.calibration && chosen.ranges.at(name).precision;
    layer->reason = is_calibrated                                     ? "as calibrated"
                    : harmful.contains(name) && !slow_.contains(name) ? "harm"
                                                                      : "faster";
    if (layer->precision == DType::F32 && float_for(layer->range) == DType::F32)
      layer->reason += ", and a range beyond f16";
  }

  // How far each layer's result is from the float network's, with everything before it as chosen; of the first sample.
  void measure_accumulated() {
    std::unordered_map<std::string, Tensor> wanted;
    for (const LayerSearch& layer : layers()) wanted.emplace(layer.name, Tensor());
    ExecOptions options;
    options.threads = request_.threads;
    options.hook = [&](const Value& v, const Tensor& t) {
      if (const auto found = wanted.find(v.name); found != wanted.end()) found->second = t;
    };
    Executor(source_, options).run(request_.samples.front());
    std::unordered_map<std::string, double> db;
    options.hook = [&](const Value& v, const Tensor& t) {
      const auto found = wanted.find(v.name);
      if (found == wanted.end() || found->second.dims() != t.dims()) return;
      db[v.name] = compare(v.name, real_values(v, t), found->second).sqnr_db;
    };
    Names int8;
    for (const LayerSearch& layer : layers())
      if (layer.precision == DType::I8) int8.insert(layer.name);
    const Module module = quantized(int8);
    Executor(*module.nets.front().stages.front(), options).run(request_.samples.front());
    for (LayerSearch& layer : layers()) layer.accumulated_db = db.contains(layer.name) ? db.at(layer.name) : 0;
  }

  const Module& module_;
  const Graph& source_;
  const SearchRequest& request_;
  const Backend& backend_;
  const CalibrationTable plain_;  // nothing in floats
  const TableTrials trials_;
  LayerTimes int8_, half_;
  Names slow_;  // operators that are faster in floats
  SearchJournal journal_;
  std::vector<NamedTensors> reference_;
  std::vector<size_t> order_;  // of leaving
  size_t left_ = 0, total_ = 0;
  SearchResult result_;
};

}  // namespace

SearchResult search_precision(const Module& module, const SearchRequest& request, const Backend& backend) {
  return Search(module, request, backend).run();
}

}  // namespace tpuc
