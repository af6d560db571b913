// Samples are spread over workers, each with an executor of its own; their counts meet in one histogram per tensor.
// Counts are whole numbers, so the order in which samples end does not matter. An executor has one thread: how products
// of matrices are cut for several would show in the last bit of a range.
#include "quant/calibrate.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "quant/channel_statistics.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/check.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc::quant {
namespace {

constexpr unsigned kMostWorkers = 8;
constexpr int64_t kMostWeightBytes = int64_t{4} << 30;  // of all workers together: each packs the weights for itself

struct Observed {
  std::mutex mutex;
  Histogram histogram;
  std::optional<int64_t> channel_axis;
  ChannelStatistics channels;
  int64_t infinities = 0;
};

bool is_observed(const Value& v) { return is_float(v.type.dtype); }

int64_t weight_bytes(const Graph& graph) {
  int64_t bytes = 0;
  for (const auto& v : graph.constants()) bytes += byte_count(v->type);
  return bytes;
}

unsigned worker_count(const Graph& graph, size_t samples, unsigned threads) {
  const int64_t by_memory = std::max<int64_t>(1, kMostWeightBytes / std::max<int64_t>(1, weight_bytes(graph)));
  const auto most = std::min<int64_t>({int64_t{kMostWorkers}, by_memory, static_cast<int64_t>(samples)});
  return static_cast<unsigned>(std::clamp<int64_t>(threads, 1, std::max<int64_t>(1, most)));
}

class Run {
 public:
  Run(const Graph& graph, const SampleSource& samples, const CalibrationRequest& request)
      : graph_(graph), samples_(samples), request_(request) {
    for (const auto& v : graph.inputs()) add(*v);
    for (const Op& op : graph.ops())
      for (const auto& v : op.out()) add(*v);
  }

  void observe_all() {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const unsigned threads = request_.threads == 0 ? cores : request_.threads;
    const unsigned workers = worker_count(graph_, samples_.count, threads);
    std::vector<std::thread> others;
    for (unsigned i = 1; i < workers; ++i) others.emplace_back([&] { work(); });
    work();
    for (std::thread& t : others) t.join();
    if (failure_) std::rethrow_exception(failure_);
  }

  Calibration choose_ranges() {
    Calibration out;
    out.table.method = to_string(request_.method);
    out.table.samples = static_cast<int64_t>(samples_.count);
    const std::unordered_set<const Value*> results(graph_.outputs().begin(), graph_.outputs().end());
    std::vector<TensorRange> ranges(values_.size());
    ThreadPool pool(request_.threads);
    pool.parallel_for(values_.size(), [&](size_t i) {
      RangeRequest how{request_.method, request_.asymmetric, results.contains(values_[i]), out.table.samples};
      ranges[i] = choose_range(observed_.at(values_[i]).histogram, how);
    });
    for (size_t i = 0; i < values_.size(); ++i) {
      const Observed& observed = observed_.at(values_[i]);
      if (observed.channel_axis) {
        ranges[i].means = observed.channels.means();
        out.magnitudes.emplace(values_[i]->name, observed.channels.magnitudes());
      }
      out.table.ranges.emplace(values_[i]->name, std::move(ranges[i]));
      if (observed.infinities > 0) out.infinite.push_back(values_[i]->name);
    }
    return out;
  }

 private:
  void add(const Value& v) {
    if (!is_observed(v)) return;
    Observed& observed = observed_[&v];
    if (request_.channel_axis) observed.channel_axis = request_.channel_axis(v);
    values_.push_back(&v);
  }

  // Takes samples until there are none, or one has failed: all before that one are then finished, so the failure told
  // is that of the first.
  void work() {
    size_t sample = 0;
    Tally tally;
    ExecOptions options;
    options.threads = 1;
    options.hook = [&](const Value& v, const Tensor& t) {
      if (is_observed(v)) observe(v, t, tally, sample);
    };
    try {
      Executor executor(graph_, options);
      while ((sample = next_++) < std::min(samples_.count, first_failed_.load())) {
        executor.run(samples_.load(sample));
        const std::scoped_lock lock(mutex_);
        if (request_.on_samples) request_.on_samples(++done_);
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (sample >= first_failed_) return;
      failure_ = std::current_exception();
      first_failed_ = sample;
    }
  }

  void observe(const Value& v, const Tensor& t, Tally& tally, size_t sample) {
    const std::vector<float> converted = t.dtype() == DType::F32 ? std::vector<float>() : t.to_f32();
    const std::span<const float> values = t.dtype() == DType::F32 ? t.as<float>() : std::span<const float>(converted);
    tally.clear();
    tally.add(values);
    const bool is_input = v.def == nullptr;
    if (tally.has_nan() || (is_input && tally.infinities() > 0)) refuse(v, tally.has_nan(), sample);
    Observed& observed = observed_.at(&v);
    ChannelStatistics channels;
    if (observed.channel_axis) channels.add(t.dims(), *observed.channel_axis, values);
    const std::scoped_lock lock(observed.mutex);
    observed.channels.add(channels);
    observed.histogram.add(tally);
    observed.infinities += tally.infinities();
  }

  [[noreturn]] void refuse(const Value& v, bool is_nan, size_t sample) const {
    const std::string what = is_nan ? "NaN" : "infinity";
    if (v.def == nullptr)
      throw UserError(
          diagnostic(ErrorCode::E3034, "input `{}` holds {} in sample `{}`", v.name, what, samples_.name(sample))
              .note("hint", "take the sample away or mend it: ranges cannot be told from it"));
    throw UserError(
        diagnostic(ErrorCode::E3034, "tensor `{}` becomes {} in sample `{}`", v.name, what, samples_.name(sample))
            .note("hint",
                  "the network itself computes it in f32: look at the sample's values, and at "
                  "divisions, logarithms and roots before that tensor"));
  }

  const Graph& graph_;
  const SampleSource& samples_;
  const CalibrationRequest& request_;
  std::unordered_map<const Value*, Observed> observed_;  // filled before threads start; looked up only
  std::vector<const Value*> values_;                     // in program order
  std::atomic<size_t> next_ = 0;
  std::atomic<size_t> first_failed_ = SIZE_MAX;
  std::mutex mutex_;  // of what follows
  size_t done_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

Calibration calibrate(const Graph& graph, const SampleSource& samples, const CalibrationRequest& request) {
  Run run(graph, samples, request);
  run.observe_all();
  return run.choose_ranges();
}

}  // namespace tpuc::quant
