// Each unit is computed by a little graph of its own, whose operands pass through 8 bits; everything behind it is
// computed by the network's executor as ever.
#include "driver/sensitivity.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "ops/quantize.h"
#include "ops/shape.h"
#include "ops/work.h"
#include "passes/correct_bias.h"
#include "passes/filter_layout.h"
#include "tpuc/ir/copy.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc {
namespace {

constexpr int64_t kMostCachedBytes = int64_t{1} << 30;  // activations of a sample for each thread
constexpr size_t kMostSamples = 4, kLeastUnits = 12;

// An operator's weights and bias as they are in 8 bits.
struct RoundedConstants {
  std::optional<Tensor> weights, bias;
};

RoundedConstants rounded_constants(const Op& op, const Quantization& how) {
  RoundedConstants out;
  const std::optional<FilterLayout> layout = filter_layout(op);
  if (!layout) return out;
  out.weights.emplace(DType::F32, op.in(1)->type.dims);
  out.weights->assign_f64(real_weights(quantized_weights(op, *layout, false), *layout));
  if (const auto means = how.means.find(op.in(0)->name); means != how.means.end())
    out.bias = corrected_bias(op, means->second);
  return out;
}

// The operator with its operands and constants rounded to 8 bits; computes in floats.
class RoundedUnit {
 public:
  RoundedUnit(const Op& op, const QuantizePlan& plan, const RoundedConstants& constants)
      : op_(&op), graph_("unit", constants_) {
    const std::vector<Value*> data = data_operands(op, *plan.form_of(op));
    std::unordered_map<const Value*, Value*> made;
    std::vector<Value*> in;
    for (Value* v : op.in()) {
      const bool is_data = std::find(data.begin(), data.end(), v) != data.end();
      if (v != nullptr && !made.contains(v)) made[v] = operand(*v, is_data ? plan.params_of(v) : nullptr);
      in.push_back(v == nullptr ? nullptr : made.at(v));
    }
    if (constants.weights) in[1] = graph_.constant(*constants.weights);
    if (constants.bias) {
      in.resize(std::max<size_t>(in.size(), 3), nullptr);
      in[2] = graph_.constant(*constants.bias);
    }
    graph_.set_outputs({graph_.add_op(op.def(), op.any_attrs(), std::move(in)).out(0)});
    ExecOptions options;
    options.threads = 1;
    executor_.emplace(graph_, options);
  }

  Tensor run(EvalArgs args) {
    NamedTensors inputs;
    for (const auto& [value, position] : inputs_) inputs.insert_or_assign(value->name, *args.in[position]);
    return std::move(executor_->run(inputs).begin()->second);
  }

 private:
  Value* operand(const Value& v, const QuantParams* opt_params) {
    Value* real = v.is_constant() ? graph_.constant(v.tensor()) : graph_.input(v.type, v.name);
    if (!v.is_constant()) inputs_.emplace_back(real, position_of(v));
    if (opt_params == nullptr) return real;
    const QuantParams& p = *opt_params;
    Value* held = graph_.add<ops::Quantize>({real}, {.to = p.dtype, .scale = p.scale, .zero = p.zero}).out(0);
    return graph_.add<ops::Dequantize>({held}, {.to = DType::F32, .scale = p.scale, .zero = p.zero}).out(0);
  }

  size_t position_of(const Value& v) const {
    return static_cast<size_t>(std::find(op_->in().begin(), op_->in().end(), &v) - op_->in().begin());
  }

  const Op* op_;
  ConstantStore constants_;
  Graph graph_;
  std::vector<std::pair<Value*, size_t>> inputs_;  // and which operand each is
  std::optional<Executor> executor_;
};

// The operators that must be computed again when one changes, and what these read.
struct Affected {
  std::unordered_set<const Op*> ops;
  std::unordered_set<const Value*> needed;

  Affected(const Graph& graph, const Op& changed) : ops{&changed} {
    const auto is_affected = [&](const Value* v) { return v != nullptr && ops.contains(v->def); };
    for (const Op& op : graph.ops())
      if (std::any_of(op.in().begin(), op.in().end(), is_affected)) ops.insert(&op);
    for (auto op = graph.ops().rbegin(); op != graph.ops().rend(); ++op) {
      // The executor may move a tensor into its reshape: then it must be there.
      const bool is_moved = op->is<tpuc::ops::Reshape>() && needed.contains(op->out(0));
      if (is_moved || ops.contains(&*op)) needed.insert(op->in().begin(), op->in().end());
    }
  }
};

// Trials on one sample, one after the other.
class SampleTrials {
 public:
  SampleTrials(const Graph& graph, const ResultNoise& results, const QuantizePlan& plan, size_t sample, bool keeps)
      : graph_(graph), results_(results), plan_(plan), sample_(sample), keeps_(keeps) {
    for (size_t j = 0; j < results.judged().size(); ++j) judged_.emplace(results.judged()[j], j);
    ExecOptions options;
    options.threads = 1;
    options.hook = [this](const Value& v, const Tensor& t) { observe(v, t); };
    options.compute = [this](const Op& op, EvalArgs in, std::span<Tensor> out) { return compute(op, in, out); };
    executor_.emplace(graph, options);
  }

  void run_in_floats(const NamedTensors& inputs) {
    if (keeps_) executor_->run(inputs);
  }

  Errors run(const NamedTensors& inputs, const Op& op, const RoundedConstants& constants) {
    op_ = &op;
    rounded_.emplace(op, plan_, constants);
    affected_.emplace(graph_, op);
    errors_.assign(judged_.size(), 0);
    executor_->run(inputs);
    return errors_;
  }

 private:
  void observe(const Value& v, const Tensor& t) {
    if (op_ == nullptr) {
      if (v.def != nullptr) kept_[&v] = t;
      return;
    }
    const auto judged = judged_.find(&v);
    if (judged == judged_.end() || !affected_->ops.contains(v.def)) return;
    errors_[judged->second] = results_.squared_error(sample_, judged->second, t);
  }

  bool compute(const Op& op, EvalArgs in, std::span<Tensor> out) {
    if (op_ == nullptr) return false;
    if (&op == op_) {
      out[0] = rounded_->run(in);
      return true;
    }
    if (!keeps_ || affected_->ops.contains(&op)) return false;
    for (size_t i = 0; i < out.size(); ++i) {
      if (!affected_->needed.contains(op.out(i))) continue;
      const std::span<const std::byte> kept = kept_.at(op.out(i)).bytes();
      if (!kept.empty()) std::memcpy(out[i].mutable_bytes().data(), kept.data(), kept.size());
    }
    return true;
  }

  const Graph& graph_;
  const ResultNoise& results_;
  const QuantizePlan& plan_;
  const size_t sample_;
  const bool keeps_;
  std::unordered_map<const Value*, size_t> judged_;
  std::unordered_map<const Value*, Tensor> kept_;  // of the run in floats
  std::optional<Executor> executor_;
  const Op* op_ = nullptr;  // of the trial; null in the run in floats
  std::optional<RoundedUnit> rounded_;
  std::optional<Affected> affected_;
  Errors errors_;
};

class Measurement {
 public:
  Measurement(const Graph& graph, const ResultNoise& results, const SensitivityRequest& request)
      : graph_(graph), results_(results), request_(request), pool_(request.threads) {
    for (const Op& op : graph.ops()) {
      for (const auto& v : op.out()) bytes_ += byte_count(v->type);
      work_ += ops::work_of(op);
      const auto form = request.plan->form_of(op);
      const bool is_unit = form && *form != Int8Form::SameScale && (!request.is_unit || request.is_unit(op));
      if (is_unit) units_.push_back({&op, 0, 0, ops::work_of(op)});
    }
  }

  std::vector<UnitNoise> run() {
    rate_operands();
    leave_out_harmless();
    std::vector<RoundedConstants> constants(units_.size());
    pool_.parallel_for(units_.size(),
                       [&](size_t i) { constants[i] = rounded_constants(*units_[i].op, *request_.how); });
    const size_t samples = sample_count(), parts = (pool_.size() + samples - 1) / samples;
    const bool keeps = bytes_ * static_cast<int64_t>(pool_.size()) <= kMostCachedBytes;
    std::vector<std::vector<Errors>> errors(samples, std::vector<Errors>(units_.size()));
    pool_.parallel_for(samples * parts, [&](size_t task) {
      const size_t sample = task / parts;
      SampleTrials trials(graph_, results_, *request_.plan, sample, keeps);
      trials.run_in_floats((*request_.samples)[sample]);
      for (size_t i = task % parts; i < units_.size(); i += parts) {
        errors[sample][i] = trials.run((*request_.samples)[sample], *units_[i].op, constants[i]);
        tell(samples * units_.size());
      }
    });
    for (size_t i = 0; i < units_.size(); ++i) {
      Errors sum(results_.judged().size());
      for (const auto& own : errors)
        for (size_t j = 0; j < sum.size(); ++j) sum[j] += own[i][j];
      units_[i].noise = results_.relative(sum);
    }
    return std::move(units_);
  }

 private:
  // What each unit's operands lose to their rounding, as a share of their power.
  void rate_operands() {
    std::unordered_map<const Value*, double> loss;
    ExecOptions options;
    options.threads = request_.threads;
    options.hook = [&](const Value& v, const Tensor& t) {
      const QuantParams* p = request_.plan->params_of(&v);
      if (p == nullptr || t.dtype() != DType::F32) return;
      double sum = 0, squares = 0;
      for (const float x : t.as<float>()) sum += x, squares += double(x) * x;
      const double n = std::max(1.0, static_cast<double>(t.count())), spread = squares / n - sum * sum / n / n;
      loss[&v] = spread > 0 ? double(p->scale) * p->scale / 12 / spread : 0;
    };
    Executor(graph_, options).run(request_.samples->front());
    for (UnitNoise& unit : units_)
      for (const Value* v : data_operands(*unit.op, *request_.plan->form_of(*unit.op)))
        if (const auto lost = loss.find(v); lost != loss.end()) unit.alone = std::max(unit.alone, lost->second);
  }

  size_t most_runs() const { return static_cast<size_t>(request_.most_work / std::max<int64_t>(1, work_)); }

  void leave_out_harmless() {
    const size_t most = std::max(most_runs(), kLeastUnits);
    if (units_.size() <= most) return;
    std::stable_sort(units_.begin(), units_.end(),
                     [](const UnitNoise& a, const UnitNoise& b) { return a.alone > b.alone; });
    units_.resize(most);
  }

  size_t sample_count() const {
    const size_t runs = most_runs() / std::max<size_t>(1, units_.size());
    return std::clamp<size_t>(runs, 1, std::min(kMostSamples, request_.samples->size()));
  }

  void tell(size_t total) {
    const std::scoped_lock lock(mutex_);
    if (request_.on_trials) request_.on_trials(++done_, total);
  }

  const Graph& graph_;
  const ResultNoise& results_;
  const SensitivityRequest& request_;
  ThreadPool pool_;
  std::vector<UnitNoise> units_;
  int64_t bytes_ = 0, work_ = 0;
  std::mutex mutex_;  // of what follows
  size_t done_ = 0;
};

}  // namespace

std::vector<UnitNoise> measure_units(const Graph& canonical, const ResultNoise& results,
                                     const SensitivityRequest& request) {
  return Measurement(canonical, results, request).run();
}

}  // namespace tpuc
