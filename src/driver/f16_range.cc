// Two runs of the float graph: the first finds the tensors out of range, the second computes their readers once more. A
// loss that only changes elements which are out of range themselves is decided by the readers of these, which get to
// see the changed values; so harm is collected from the last operator to the first.
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
  // What an operand does to an operator's result.
  struct Edge {
    Effect own;        // by what F16 makes of the operand itself
    Effect inherited;  // by what F16 has made of the values it came from
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
    report_.outputs = Executor(graph_, options).run(sample_);
    for (const auto& v : graph_.constants()) note(*v, v->tensor());
  }
  void note(const Value& v, const Tensor& t) {
    if (!is_float(t.dtype())) return;
    const Extent e = extent_of(t);
    if (is_overflow(e) || is_underflow(e)) extents_.emplace(&v, e);
  }

  // Operands to judge: all overflows, and the underflows that an operator which magnifies them may come to see.
  void choose_replays() {
    for (auto op = graph_.ops().rbegin(); op != graph_.ops().rend(); ++op) {
      const bool leads_on = std::any_of(op->out().begin(), op->out().end(),
                                        [&](const auto& out) { return magnified_.contains(out.get()); });
      for (size_t i = 0; i < op->in().size(); ++i) {
        const Value* v = op->in(i);
        if (v == nullptr || !is_float(v->type.dtype)) continue;
        const bool matters = leads_on || magnifies_small(*op, v);
        if (matters) magnified_.insert(v);
        const Extent* e = is_rounded(*op, i) ? extent(v) : nullptr;
        if (e != nullptr && (is_overflow(*e) || is_lost(*e) || matters)) wanted_[&*op].push_back(i);
      }
    }
  }

  // Runs the graph again and computes operators once more beside it, as soon as their results are there.
  void replay_all() {
    std::unordered_map<const Value*, size_t> readers;
    for (const Op& op : graph_.ops())
      for (const Value* v : op.in())
        if (v != nullptr && !v->is_constant()) ++readers[v];
    std::unordered_map<const Value*, Tensor> held;
    ExecOptions options;
    options.threads = threads_;
    options.hook = [&](const Value& v, const Tensor& t) {
      held.insert_or_assign(&v, t);
      if (v.def == nullptr || v.def->out().back().get() != &v) return;
      replay_op(*v.def, held);
      for (const Value* in : v.def->in())
        if (in != nullptr && !in->is_constant() && --readers[in] == 0) {
          held.erase(in);
          shadows_.erase(in);
        }
      for (const auto& out : v.def->out())
        if (!readers.contains(out.get())) held.erase(out.get());
    };
    Executor(graph_, options).run(sample_);
  }

  void replay_op(const Op& op, const std::unordered_map<const Value*, Tensor>& held) {
    const auto found = wanted_.find(&op);
    const std::vector<size_t> own = found == wanted_.end() ? std::vector<size_t>{} : found->second;
    std::vector<size_t> inherited;
    for (size_t i = 0; i < op.in().size(); ++i)
      if (shadows_.contains(op.in(i))) inherited.push_back(i);
    if (own.empty() && inherited.empty()) return;
    const bool is_magnified =
        std::any_of(op.out().begin(), op.out().end(), [&](const auto& out) { return magnified_.contains(out.get()); });
    const Replay replay(op, held, is_magnified, threads_);
    ReplayResult all = replay.run(own, inherited, shadows_);
    if (!all.effect.any()) return;
    if (!all.effect.visible)  // else it will be kept from happening
      for (size_t i = 0; i < op.out().size(); ++i) shadows_.insert_or_assign(op.out(i), std::move(all.outputs[i]));
    blame(op, replay, own, inherited, all.effect);
  }

  // Which operand it was.
  void blame(const Op& op, const Replay& replay, const std::vector<size_t>& own, const std::vector<size_t>& inherited,
             const Effect& all) {
    const bool is_single = own.size() + inherited.size() == 1;
    bool found = false;
    const auto alone = [&](size_t i, bool is_own) {
      const std::span<const size_t> one(&i, 1), none;
      const Effect effect = is_single ? all : replay.run(is_own ? one : none, is_own ? none : one, shadows_).effect;
      found |= effect.any();
      return effect;
    };
    for (const size_t i : own) edges_[{op.in(i), &op}].own = alone(i, true);
    for (const size_t i : inherited) edges_[{op.in(i), &op}].inherited = alone(i, false);
    if (found) return;
    for (const size_t i : own) edges_[{op.in(i), &op}].own = all;
    for (const size_t i : inherited) edges_[{op.in(i), &op}].inherited = all;
  }

  // From the last operator to the first: which values must be right, and which of them F16 cannot hold.
  void collect() {
    std::unordered_set<const Value*> needed;
    std::unordered_map<const Value*, std::string> lost;  // and who reads it
    for (const Value* v : graph_.outputs()) {
      const Extent* e = extent(v);
      const bool written_in_f16 = v->def != nullptr && f16_.contains(v->def);
      if (e == nullptr || !written_in_f16 || !(is_overflow(*e) || is_lost(*e))) continue;
      needed.insert(v);
      lost.emplace(v, "output");
    }
    std::vector<const Value*> order;
    for (auto op = graph_.ops().rbegin(); op != graph_.ops().rend(); ++op) {
      bool is_needed = false;
      for (const auto& out : op->out()) {
        is_needed |= needed.contains(out.get());
        if (!lost.contains(out.get())) continue;
        order.push_back(out.get());
        keep(&*op);
      }
      const auto does_harm = [&](const Effect& e) { return e.visible || (e.deferred && is_needed); };
      for (const Value* v : op->in()) {
        const auto edge = edges_.find({v, &*op});
        if (edge == edges_.end()) continue;
        if (does_harm(edge->second.inherited)) needed.insert(v);
        if (!does_harm(edge->second.own)) continue;
        needed.insert(v);
        if (lost.emplace(v, op->name()).second && v->def == nullptr) order.push_back(v);
        keep(&*op);
      }
    }
    for (auto v = order.rbegin(); v != order.rend(); ++v) {
      const Extent& e = *extent(*v);
      const bool over = is_overflow(e);
      report_.losses.push_back({(*v)->name, over, over ? e.largest : e.smallest, lost.at(*v)});
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
  std::unordered_set<const Value*> magnified_;  // values that lead to an operator which makes much of little
  std::unordered_map<const Value*, Tensor>
      shadows_;                    // values as F16 would have them, where only their readers can judge
  std::map<EdgeKey, Edge> edges_;  // looked up only, never walked
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
