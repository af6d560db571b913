// Trials run on copies of the graph, lowered by the pass that lowers the network itself.
#include "driver/rounding.h"

#include <fmt/core.h>

#include <algorithm>

#include "driver/pipeline.h"
#include "driver/tensors.h"
#include "tpuc/ir/copy.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

// The chip sums in another order than the host, and later passes fuse: a trial that just holds is not enough.
constexpr double kShare = 0.8;

Tolerance tighten(const Tolerance& t) { return {1 - kShare * (1 - t.cosine), 1 - kShare * (1 - t.euclidean)}; }

class Trials {
 public:
  Trials(const Graph& graph, const RoundingRequest& request)
      : graph_(graph), request_(request), tolerance_(tighten(request.tolerance)) {
    for (const Op& op : graph.ops())
      if (request.may_move(op)) movable_.push_back(&op);
  }

  RoundingReport run() {
    RoundingReport report;
    report.before = trial(0, 0);
    report.holds = report.before.passes(tolerance_);
    if (report.holds || movable_.empty()) return report;
    const size_t all = movable_.size();
    if (!trial(0, all).passes(tolerance_)) return report;
    const size_t end = first(1, all, [&](size_t n) { return trial(0, n).passes(tolerance_); });
    const size_t kept = first(1, end, [&](size_t n) { return trial(end - n, end).passes(tolerance_); });
    report.after = trial(end - kept, end);
    report.holds = true;
    report.keep_in_f32.assign(movable_.begin() + static_cast<std::ptrdiff_t>(end - kept),
                              movable_.begin() + static_cast<std::ptrdiff_t>(end));
    return report;
  }

 private:
  // The least number in [low, high] that is enough, where `high` is known to be and more is never worse. Where that is
  // not so, still one that is enough.
  template <class F>
  static size_t first(size_t low, size_t high, const F& is_enough) {
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (is_enough(middle))
        high = middle;
      else
        low = middle + 1;
    }
    return high;
  }

  // The worst float output with the movable operators [begin, end) in F32.
  Comparison trial(size_t begin, size_t end) const {
    std::unordered_map<const Op*, DType> of = *request_.of;
    for (size_t i = begin; i < end; ++i) of[movable_[i]] = DType::F32;
    const Module lowered = lower(of);
    ExecOptions options;
    options.threads = request_.threads;
    Executor executor(*lowered.nets.front().stages.front(), options);
    const NamedTensors got =
        executor.run(feed(inputs_of(*lowered.nets.front().stages.front()), *request_.sample, false));
    Comparison worst;
    worst.cosine = worst.euclidean = 1;
    for (const auto& [name, want] : *request_.reference) {
      const auto found = got.find(name);
      if (found == got.end() || !is_float(want.dtype())) continue;
      Comparison c = compare(name, found->second, want);
      if (!c.problem.empty() || shortfall(c) > shortfall(worst)) worst = std::move(c);
      if (!worst.problem.empty()) break;
    }
    return worst;
  }
  // How much of the tolerance is used up.
  double shortfall(const Comparison& c) const {
    return std::max((1 - c.cosine) / (1 - tolerance_.cosine), (1 - c.euclidean) / (1 - tolerance_.euclidean));
  }

  Module lower(const std::unordered_map<const Op*, DType>& of) const {
    Module module;
    module.nets.push_back({graph_.name, {}});
    module.nets.back().stages.push_back(copy_graph(graph_, *module.constants));
    PassOptions options;
    options.verify_each = false;
    options.precision = request_.precision;
    options.supports = request_.supports;
    options.layer_precisions = [&](const Graph& copy) {
      std::unordered_map<const Op*, DType> own;
      auto original = graph_.ops().begin();
      for (const Op& op : copy.ops())
        if (const auto found = of.find(&*original++); found != of.end()) own.emplace(&op, found->second);
      return own;
    };
    const std::string names[] = {"lower-precision"};
    run_passes(module, names, options);
    return module;
  }

  const Graph& graph_;
  const RoundingRequest& request_;
  Tolerance tolerance_;
  std::vector<const Op*> movable_;
};

}  // namespace

RoundingReport find_rounding_losses(const Graph& graph, const RoundingRequest& request) {
  return Trials(graph, request).run();
}

std::string to_text(const RoundingReport& report, DType precision) {
  const auto figures = [](const Comparison& c) {
    return c.problem.empty() ? fmt::format("cosine {:.6f}, euclidean {:.4f}", c.cosine, c.euclidean) : c.problem;
  };
  const std::string grown = fmt::format("rounding to {} grows on the sample: output `{}` {}", to_string(precision),
                                        report.before.name, figures(report.before));
  if (report.keep_in_f32.empty()) return grown + "; no choice of operators in F32 helps";
  return fmt::format("{} (with them in F32 {}): {} operators, `{}` to `{}`", grown, figures(report.after),
                     report.keep_in_f32.size(), report.keep_in_f32.front()->out(0)->name,
                     report.keep_in_f32.back()->out(0)->name);
}

}  // namespace tpuc
