// Two runs of the float graph: the first finds the tensors out of range, the second hands their readers' operands to
// replay(). A loss that only reaches elements which are themselves out of range is decided by their own readers, so
// harm is collected from the last operator to the first.
#include "driver/f16_range.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "driver/f16_replay.h"
#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {
namespace {

using namespace ops;

bool is_negative(const Op& pow) {
  const std::vector<float> exponents = pow.in(1)->tensor().to_f32();
  return std::any_of(exponents.begin(), exponents.end(), [](float x) { return x < 0; });
}

bool is_overflow(const Extent& e) { return e.largest >= kF16Overflow; }
bool is_underflow(const Extent& e) { return e.smallest < kF16LeastNormal; }
// So small as a whole that F16 keeps less than six bits of it.
bool is_lost(const Extent& e) { return e.largest > 0 && e.largest < 0x1p-20f; }

// Operators that make much of little: zero becomes infinity, or a small difference a large one.
bool magnifies_small(const Op& op, const Value* v) {
  if (op.is<Div>()) return op.in(1) == v;
  if (op.is<Pow>()) return !op.in(1)->is_constant() || extent_of(op.in(1)->tensor()).largest < 1 || is_negative(op);
  return op.is<Log>() || op.is<Reciprocal>() || op.is<Sqrt>();
}

// Constants that stay F32 beside half data, as passes/lower_precision.cc has it.
bool stays_f32(const Op& op, size_t i) {
  const Value* v = op.in(i);
  if (!v->is_constant()) return false;
  if (op.is<Conv2d>() || op.is<ConvTranspose2d>() || op.is<MatMul>()) return i == 2;
  return i >= 1 &&
         (op.is<Scale>() || op.is<LayerNorm>() || op.is<RmsNorm>() || op.is<GroupNorm>() || op.is<InstanceNorm>());
}

class Analysis {
 public:
  Analysis(const Graph& graph, const NamedTensors& sample, const std::function<bool(const Op&)>& is_f16,
           unsigned threads)
      : graph_(graph), sample_(sample), threads_(threads) {
    for (const Op& op : graph.ops())
      if (is_f16(op)) f16_.insert(&op);
  }

  RangeReport run() {
    measure();
    choose_replays();
    if (!wanted_.empty()) replay_all();
    collect();
    return std::move(report_);
  }

 private:
  struct Edge {
    bool overflow = false;
    Effect effect;
  };
  using EdgeKey = std::pair<const Value*, const Op*>;

  // Whether `op` gets this operand in F16: it reads it so, or it was written so.
  bool is_rounded(const Op& op, size_t i) const {
    const Value* v = op.in(i);
    if (v == nullptr || !is_float(v->type.dtype) || stays_f32(op, i)) return false;
    return f16_.contains(&op) || (v->def != nullptr && f16_.contains(v->def));
  }

  const Extent* extent(const Value* v) const {
    const auto it = extents_.find(v);
    return it == extents_.end() ? nullptr : &it->second;
  }

  void measure() {
    ExecOptions options;
    options.threads = threads_;
    options.hook = [this](const Value& v, const Tensor& t) { note(v, t); };
    Executor(graph_, options).run(sample_);
    for (const auto& v : graph_.constants()) note(*v, v->tensor());
  }
  void note(const Value& v, const Tensor& t) {
    if (!is_float(t.dtype())) return;
    const Extent e = extent_of(t);
    if (is_overflow(e) || is_underflow(e)) extents_.emplace(&v, e);
  }

  // Operators to compute again: from the last to the first, since an underflow matters only where one that magnifies
  // it follows.
  void choose_replays() {
    std::unordered_set<const Value*> feared;  // underflows that such an operator sees
    for (auto op = graph_.ops().rbegin(); op != graph_.ops().rend(); ++op) {
      const bool leads_on =
          std::any_of(op->out().begin(), op->out().end(), [&](const auto& out) { return feared.contains(out.get()); });
      for (size_t i = 0; i < op->in().size(); ++i) {
        if (!is_rounded(*op, i)) continue;
        const Value* v = op->in(i);
        const Extent* e = extent(v);
        if (e == nullptr) continue;
        const bool small = is_underflow(*e) && (leads_on || magnifies_small(*op, v) || is_lost(*e));
        if (small) feared.insert(v);
        if (small || is_overflow(*e)) wanted_[&*op].push_back(i);
      }
    }
  }

  // Keeps the operands and results of the wanted operators until these have been computed again.
  void replay_all() {
    std::unordered_map<const Value*, int64_t> readers;
    for (const auto& [op, operands] : wanted_) {
      for (const Value* v : op->in())
        if (v != nullptr && !v->is_constant()) ++readers[v];
    }
    std::unordered_map<const Value*, Tensor> held;
    ExecOptions options;
    options.threads = threads_;
    options.hook = [&](const Value& v, const Tensor& t) {
      if (v.def != nullptr && wanted_.contains(v.def)) held.insert_or_assign(&v, t);
      if (readers.contains(&v)) held.try_emplace(&v, t);
      if (v.def == nullptr || !wanted_.contains(v.def) || v.def->out().back().get() != &v) return;
      replay_op(*v.def, held);
      for (const Value* in : v.def->in())
        if (in != nullptr && !in->is_constant() && --readers[in] == 0) held.erase(in);
      for (const auto& out : v.def->out())
        if (!readers.contains(out.get())) held.erase(out.get());
    };
    Executor(graph_, options).run(sample_);
  }

  void replay_op(const Op& op, const std::unordered_map<const Value*, Tensor>& held) {
    Replay replay(op, held, threads_);
    const std::vector<size_t>& operands = wanted_.at(&op);
    const Effect together = replay.effect_of(operands);
    if (!together.any()) return;
    std::vector<Effect> alone(operands.size(), together);
    if (operands.size() > 1)
      for (size_t i = 0; i < operands.size(); ++i) alone[i] = replay.effect_of(std::span(&operands[i], 1));
    const bool blame_all = std::none_of(alone.begin(), alone.end(), [](const Effect& e) { return e.any(); });
    for (size_t i = 0; i < operands.size(); ++i) {
      const Effect effect = blame_all ? together : alone[i];
      if (effect.any()) effects_[{op.in(operands[i]), &op}] = effect;
    }
  }

  void collect() {
    std::unordered_map<const Value*, std::string> harmed;  // and who reads it
    for (const Value* v : graph_.outputs()) {
      const Extent* e = extent(v);
      const bool written_in_f16 = v->def != nullptr && f16_.contains(v->def);
      if (e != nullptr && written_in_f16 && (is_overflow(*e) || is_lost(*e))) harmed.emplace(v, "output");
    }
    std::vector<const Value*> order;
    for (auto op = graph_.ops().rbegin(); op != graph_.ops().rend(); ++op) {
      bool result_harmed = false;
      for (const auto& out : op->out()) {
        if (!harmed.contains(out.get())) continue;
        result_harmed = true;
        order.push_back(out.get());
        keep(&*op);
      }
      for (const Value* v : op->in()) {
        const auto it = effects_.find({v, &*op});
        if (it == effects_.end() || !(it->second.visible || (it->second.deferred && result_harmed))) continue;
        if (harmed.emplace(v, op->name()).second && v->def == nullptr) order.push_back(v);
        keep(&*op);
      }
    }
    for (auto v = order.rbegin(); v != order.rend(); ++v) {
      const Extent& e = *extent(*v);
      const bool over = is_overflow(e);
      report_.losses.push_back({(*v)->name, over, over ? e.largest : e.smallest, harmed.at(*v)});
    }
  }
  void keep(const Op* op) {
    if (f16_.contains(op)) report_.keep_in_f32.insert(op);
  }

  const Graph& graph_;
  const NamedTensors& sample_;
  unsigned threads_;
  std::unordered_set<const Op*> f16_;
  std::unordered_map<const Value*, Extent> extents_;           // of what is out of range
  std::unordered_map<const Op*, std::vector<size_t>> wanted_;  // operands out of range that are to be judged
  std::map<EdgeKey, Effect> effects_;                          // looked up only, never walked
  RangeReport report_;
};

}  // namespace

RangeReport find_range_losses(const Graph& graph, const NamedTensors& sample,
                              const std::function<bool(const Op&)>& is_f16, unsigned threads) {
  return Analysis(graph, sample, is_f16, threads).run();
}

std::string to_text(const RangeLoss& loss) {
  return fmt::format("tensor `{}` {} f16 ({} {:.6g}) {}", loss.tensor, loss.overflows ? "overflows" : "underflows",
                     loss.overflows ? "largest" : "smallest", loss.value,
                     loss.reader == "output" ? "as an output" : "before " + loss.reader);
}

}  // namespace tpuc
