// See the header.
#include "driver/result_noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "driver/pipeline.h"
#include "driver/tensors.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc {
namespace {

class Walk {
 public:
  std::vector<const Value*> from(const Graph& graph) {
    for (const Value* v : graph.outputs()) visit(*v);
    return std::move(found_);
  }

 private:
  void visit(const Value& v) {
    if (v.def == nullptr || !seen_.insert(&v).second) return;
    const Op& op = *v.def;
    const bool joins = op.is<ops::Concat>() || op.is<ops::Reshape>() || op.is<ops::Permute>();
    if (is_float(v.type.dtype) && !joins) {
      found_.push_back(&v);
      return;
    }
    for (const Value* operand : op.in())
      if (operand != nullptr) visit(*operand);
  }

  std::unordered_set<const Value*> seen_;
  std::vector<const Value*> found_;
};

// About the mean: what all elements share is no signal.
double signal_of(const std::vector<std::vector<Tensor>>& wanted, size_t judged) {
  double n = 0, sum = 0, squares = 0;
  for (const auto& sample : wanted)
    for (const float x : sample[judged].to_f32()) {
      if (!std::isfinite(x)) continue;
      n += 1, sum += x, squares += double(x) * x;
    }
  const double spread = squares - (n > 0 ? sum * sum / n : 0);
  return spread > 1e-12 * squares ? spread : squares;
}

}  // namespace

Tensor real_values(const Value& v, const Tensor& t) {
  if (!v.type.quant) return t;
  std::vector<double> values = t.to_f64();
  for (double& x : values) x = v.type.quant->scale.front() * (x - v.type.quant->zero.front());
  Tensor out(DType::F32, t.dims());
  out.assign_f64(values);
  return out;
}

std::vector<const Value*> judged_values(const Graph& canonical) { return Walk().from(canonical); }

double decibels(double noise) { return noise > 0 ? -10 * std::log10(noise) : std::numeric_limits<double>::infinity(); }

ResultNoise::ResultNoise(const Graph& canonical, const std::vector<NamedTensors>& samples, unsigned threads)
    : samples_(&samples), threads_(threads), judged_(judged_values(canonical)) {
  wanted_.assign(samples.size(), std::vector<Tensor>(judged_.size()));
  observe(canonical,
          [this](size_t sample, size_t judged, const Value&, const Tensor& t) { wanted_[sample][judged] = t; });
  for (size_t j = 0; j < judged_.size(); ++j) signal_.push_back(signal_of(wanted_, j));
}

double ResultNoise::squared_error(size_t sample, size_t judged, const Tensor& got) const {
  const std::vector<float> want = wanted_[sample][judged].to_f32(), have = got.to_f32();
  double sum = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    if (!std::isfinite(want[i])) continue;
    const double error = double(have[i]) - want[i];
    sum += std::isfinite(error) ? error * error : double(want[i]) * want[i];
  }
  return sum;
}

double ResultNoise::relative(const Errors& errors) const {
  double sum = 0;
  for (size_t j = 0; j < errors.size(); ++j) sum += signal_[j] > 0 ? std::min(1.0, errors[j] / signal_[j]) : 0;
  return errors.empty() ? 0 : sum / static_cast<double>(errors.size());
}

double ResultNoise::measure(const Graph& other) const {
  constexpr double kNotThere = std::numeric_limits<double>::infinity();
  std::vector<Errors> by_sample(samples_->size(), Errors(judged_.size(), kNotThere));
  observe(other, [&](size_t sample, size_t judged, const Value& v, const Tensor& t) {
    if (t.dims() == wanted_[sample][judged].dims())
      by_sample[sample][judged] = squared_error(sample, judged, real_values(v, t));
  });
  Errors errors(judged_.size());
  for (const Errors& own : by_sample)
    for (size_t j = 0; j < errors.size(); ++j) errors[j] += own[j];
  return relative(errors);
}

void ResultNoise::observe(const Graph& graph, const Observer& observer) const {
  std::unordered_map<std::string, size_t> index;
  for (size_t j = 0; j < judged_.size(); ++j) index.emplace(judged_[j]->name, j);
  ThreadPool pool(threads_);
  const size_t workers = std::min<size_t>(pool.size(), samples_->size());
  pool.parallel_for(workers, [&](size_t worker) {
    size_t sample = worker;
    ExecOptions options;
    options.threads = 1;  // sums do not depend on how they are cut then
    options.hook = [&](const Value& v, const Tensor& t) {
      if (const auto found = index.find(v.name); found != index.end()) observer(sample, found->second, v, t);
    };
    Executor executor(graph, options);
    for (; sample < samples_->size(); sample += workers)
      executor.run(feed(inputs_of(graph), (*samples_)[sample], false));
  });
}

}  // namespace tpuc
