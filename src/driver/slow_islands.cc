// Times of single layers, in 8 bits and in F16, say which islands to try without; compiling the mixture decides: layers
// overlap, so what one of them takes tells little about what leaving it out brings.
#include "driver/slow_islands.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "driver/int8_islands.h"
#include "ops/conv.h"
#include "ops/work.h"

namespace tpuc {
namespace {

constexpr size_t kTrialOps = 8000;  // of all networks compiled for trial together
constexpr size_t kFewestTrials = 4, kMostTrials = 48;
// An island that costs more than this share of its time to leave is not tried without.
constexpr double kHopeless = 0.25;
// Of the network's work: convolutions that do so much stay in 8 bits, whose results are the same to the bit everywhere.
constexpr double kBodyWork = 0.5;
constexpr double kChance = 3;  // dB: by so much results differ where only the noise is another one

using Leaves = std::vector<bool>;  // by island

class Finder {
 public:
  explicit Finder(const SlowIslandsRequest& request)
      : request_(request), trials_(*request.trials), table_(*request.table), best_times_(request.int8) {}

  SlowIslands run() {
    SlowIslands out{{}, table_, false, best_times_};
    const QuantizePlan plan = trials_.plan(table_);
    if (plan.is_stated || plan.forms.empty()) return out;
    list_islands(plan);
    if (in_order_of_gain(0).empty() && best_times_.total < request_.f16.total) return out;
    keep_what_needs_integers();
    decibels_ = trials_.decibels(table_);
    search();
    if (any_leaves() && !keep_if_as_exact(out) && keep_what_harms_in_floats()) {
      best_.assign(islands_.size(), false);
      best_times_ = out.times;
      search();
      if (any_leaves()) keep_if_as_exact(out);
    }
    return out;
  }

 private:
  void list_islands(const QuantizePlan& plan) {
    islands_ = int8_islands(trials_.graph(), plan);
    best_.assign(islands_.size(), false);
    may_leave_.assign(islands_.size(), true);
    for (const Int8Island& island : islands_)
      for (const Op* op : island.shores) ++shared_by_[op];
  }

  void keep_what_needs_integers() {
    halves_ = trials_.fitting_f16(table_, [this](const Op& op) {
      return table_.ranges.at(op.out(0)->name).precision.value_or(DType::F16) == DType::F16;
    });
    for (size_t i = 0; i < islands_.size(); ++i)
      may_leave_[i] = !is_body_of_convolutions(islands_[i]) &&
                      std::all_of(islands_[i].ops.begin(), islands_[i].ops.end(),
                                  [this](const Op* op) { return halves_.contains(op->out(0)->name); });
  }

  bool is_body_of_convolutions(const Int8Island& island) const {
    const auto is_convolution = [](const Op* op) { return op->is<ops::Conv2d>() || op->is<ops::ConvTranspose2d>(); };
    if (std::none_of(island.ops.begin(), island.ops.end(), is_convolution)) return false;
    double own = 0, all = 0;
    for (const Op* op : island.ops) own += static_cast<double>(ops::work_of(*op));
    for (const Op& op : trials_.graph().ops()) all += static_cast<double>(ops::work_of(op));
    return own > kBodyWork * all;
  }

  // Cycles that an island takes in the best mixture so far; a shore's are shared by the islands it belongs to.
  double cycles_of(const Int8Island& island, const LayerTimes& times) const {
    double cycles = 0;
    for (const Op* op : island.ops) cycles += static_cast<double>(times.of(op->out(0)->name));
    for (const Op* op : island.shores)
      cycles += static_cast<double>(times.of(op->out(0)->name)) / static_cast<double>(shared_by_.at(op));
    return cycles;
  }

  // Islands still in 8 bits that gain more than this share of their time where they leave, the greatest gain first.
  std::vector<size_t> in_order_of_gain(double least_share) const {
    std::vector<double> gains(islands_.size());
    std::vector<size_t> order;
    for (size_t i = 0; i < islands_.size(); ++i) {
      if (best_[i] || !may_leave_[i]) continue;
      const double now = cycles_of(islands_[i], best_times_);
      gains[i] = now - cycles_of(islands_[i], request_.f16);
      if (gains[i] > least_share * now) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return gains[a] > gains[b]; });
    return order;
  }

  void search() {
    const size_t ops = std::max<size_t>(1, trials_.graph().ops().size());
    trials_left_ = std::clamp(kTrialOps / ops, kFewestTrials, kMostTrials);
    try_leaving(may_leave_);
    while (true) {
      std::vector<size_t> gaining = in_order_of_gain(0);
      bool is_better = false;
      for (; !gaining.empty() && !is_better; gaining.resize(gaining.size() / 2)) is_better = try_without(gaining);
      if (!is_better) break;
    }
    turn_single_ones();
  }

  // From the best mixture on, island by island.
  void turn_single_ones() {
    std::vector<size_t> order = in_order_of_gain(-kHopeless);
    for (size_t i = 0; i < islands_.size(); ++i)
      if (best_[i]) order.push_back(i);
    for (const size_t i : order) {
      Leaves leaves = best_;
      leaves[i] = !leaves[i];
      try_leaving(leaves);
    }
  }

  std::optional<LayerTimes> predict(const CalibrationTable& table) const {
    return request_.predict ? request_.predict(table) : trials_.times(table);
  }

  bool try_without(const std::vector<size_t>& leaving) {
    Leaves leaves = best_;
    for (const size_t i : leaving) leaves[i] = true;
    return try_leaving(leaves);
  }

  // Whether that is the best so far.
  bool try_leaving(const Leaves& leaves) {
    if (std::find(leaves.begin(), leaves.end(), true) == leaves.end()) return false;
    auto known = tried_.find(leaves);
    if (known == tried_.end()) {
      if (trials_left_ == 0) return false;
      --trials_left_;
      known = tried_.emplace(leaves, predict(table_of(leaves, true))).first;
    }
    if (!known->second || known->second->total >= best_times_.total) return false;
    best_ = leaves, best_times_ = *known->second;
    return true;
  }

  // What is in floats beside the islands computes in F16 where it can, or as it did.
  CalibrationTable table_of(const Leaves& leaves, bool all_halves) const {
    CalibrationTable table = table_;
    for (size_t i = 0; i < islands_.size(); ++i)
      if (leaves[i])
        for (const Op* op : islands_[i].ops) table.ranges.at(op->out(0)->name).precision = DType::F16;
    if (!all_halves) return table;
    const QuantizePlan plan = trials_.plan(table);
    for (const Op& op : trials_.graph().ops()) {
      if (plan.form_of(op) || !halves_.contains(op.out(0)->name)) continue;
      TensorRange& row = table.ranges.at(op.out(0)->name);
      if (!row.precision) row.float_type = DType::F16;
    }
    return table;
  }

  bool any_leaves() const { return std::find(best_.begin(), best_.end(), true) != best_.end(); }

  // 8 bits saturate where F16 makes infinity of what it read: of a logarithm of next to nothing, say. Whether there are
  // islands that do harm alone.
  bool keep_what_harms_in_floats() {
    bool found = false;
    for (size_t i = 0; i < islands_.size(); ++i) {
      Leaves alone(islands_.size(), false);
      alone[i] = true;
      if (!may_leave_[i] || trials_.decibels(table_of(alone, false)) >= decibels_ - kChance) continue;
      may_leave_[i] = false;
      found = true;
    }
    return found;
  }

  // The results must not be the worse for it.
  bool keep_if_as_exact(SlowIslands& out) const {
    const int64_t before = out.times.total;
    for (const bool all_halves : {true, false}) {
      CalibrationTable table = table_of(best_, all_halves);
      if (trials_.decibels(table) < decibels_) continue;
      std::optional<LayerTimes> times = all_halves ? best_times_ : predict(table);
      if (!times || times->total >= before) continue;
      for (size_t i = 0; i < islands_.size(); ++i)
        if (best_[i])
          for (const Op* op : islands_[i].ops) out.floats.push_back(op->out(0)->name);
      out.all_leave = trials_.plan(table).forms.empty();
      out.table = std::move(table), out.times = *std::move(times);
      return true;
    }
    return false;
  }

  const SlowIslandsRequest& request_;
  const TableTrials& trials_;
  const CalibrationTable& table_;
  std::vector<Int8Island> islands_;
  std::unordered_map<const Op*, size_t> shared_by_;  // shores
  Leaves may_leave_, best_;
  LayerTimes best_times_;
  std::unordered_set<std::string> halves_;  // operators with room in F16
  std::map<Leaves, std::optional<LayerTimes>> tried_;
  size_t trials_left_ = 0;
  double decibels_ = 0;  // between the results' signal and their noise, with the table as it came
};

}  // namespace

SlowIslands leave_slow_islands(const SlowIslandsRequest& request) { return Finder(request).run(); }

}  // namespace tpuc
