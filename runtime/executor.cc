// Runs a graph in program order. Buffers are given back after their last use and serve later results of the same size.
// Where nobody looks at the tensors in between, they stay in the layouts that kernels like.
#include "tpuc/runtime/executor.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "runtime/prepare.h"
#include "tpuc/numerics/fp_env.h"
#include "tpuc/support/log.h"

namespace tpuc {
namespace {

// Sets the number of OpenMP threads for a scope; oneDNN obeys it too.
class ThreadScope {
 public:
  explicit ThreadScope(unsigned threads) : before_(omp_get_max_threads()) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    omp_set_num_threads(static_cast<int>(threads == 0 ? cores : threads));
  }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

// The chip's floating-point mode for a scope, if wanted, in the team of threads that ThreadScope sets.
class FlushScope {
 public:
  explicit FlushScope(bool wanted) : modes_(wanted ? static_cast<size_t>(omp_get_max_threads()) : 0) {
    in_each([](std::optional<FlushDenormals>& mode) { mode.emplace(); });
  }
  ~FlushScope() {
    in_each([](std::optional<FlushDenormals>& mode) { mode.reset(); });
  }
  FlushScope(const FlushScope&) = delete;
  FlushScope& operator=(const FlushScope&) = delete;

 private:
  template <class F>
  void in_each(F&& fn) {
    if (modes_.empty()) return;
#pragma omp parallel num_threads(static_cast<int>(modes_.size()))
    fn(modes_[static_cast<size_t>(omp_get_thread_num())]);
  }

  std::vector<std::optional<FlushDenormals>> modes_;
};

constexpr size_t kAbsent = static_cast<size_t>(-1);

struct Step {
  const Op* op;  // null: a change of layout
  PreparedOp prepared;
  std::vector<size_t> in, out;  // slots; kAbsent for an input that is not there
  std::vector<TensorType> out_types;
  std::vector<size_t> last_use;  // slots nobody reads after this step
  bool moves_input = false;      // a reshape of a value that ends here
};

// Freed tensors, waiting for a result of their element type and count.
class Pool {
 public:
  Tensor take(const TensorType& type, bool zeroed) {
    const auto fits = [&](const Tensor& t) { return t.dtype() == type.dtype && t.count() == element_count(type); };
    const auto it = std::find_if(free_.rbegin(), free_.rend(), fits);
    if (it == free_.rend()) return Tensor(type);
    Tensor t = std::move(*it).reshaped(type.dims);
    free_.erase(std::next(it).base());
    t.type = type;
    if (zeroed && !t.bytes().empty()) std::memset(t.mutable_bytes().data(), 0, t.bytes().size());
    return t;
  }
  void give(Tensor t) {
    bytes_ += static_cast<int64_t>(t.bytes().size());
    free_.push_back(std::move(t));
  }
  // Sizes that never return would only pile up.
  void trim(int64_t limit_bytes) {
    if (bytes_ > limit_bytes) free_.clear();
    bytes_ = 0;
    for (const Tensor& t : free_) bytes_ += static_cast<int64_t>(t.bytes().size());
  }

 private:
  std::vector<Tensor> free_;
  int64_t bytes_ = 0;  // given since the last trim
};
constexpr int64_t kPoolBytes = int64_t{1} << 30;

}  // namespace

struct Executor::State {
  const Graph* graph;
  ExecOptions options;
  Layouts layouts;
  std::unordered_map<const Value*, size_t> slot_of;                 // in the layout in which it is computed
  std::map<std::pair<const Value*, fast::Layout>, size_t> changed;  // slots of values in other layouts
  std::vector<size_t> output_slots;
  std::vector<Step> steps;
  KeptConstants kept;                   // constants in another type, for kernels
  std::vector<const Tensor*> readable;  // per slot: where its data is now
  std::vector<Tensor> owned;            // per slot: results of ops
  Pool pool;

  size_t slot(const Value* v) {
    if (v == nullptr) return kAbsent;
    const auto [it, is_new] = slot_of.try_emplace(v, readable.size());
    if (is_new) new_slot(v->is_constant() ? &v->tensor() : nullptr);
    return it->second;
  }
  size_t new_slot(const Tensor* opt_data) {
    readable.push_back(opt_data);
    owned.emplace_back();
    return readable.size() - 1;
  }
  size_t slot_in(const Value* v, fast::Layout layout);
  void plan();
  void find_last_uses();
  void allocate();
  void bind_inputs(const NamedTensors& inputs);
  void run_step(Step& step);
};

// The value's slot; where it is computed in another layout, one of its own, which a step before fills.
size_t Executor::State::slot_in(const Value* v, fast::Layout layout) {
  if (v == nullptr) return kAbsent;
  const fast::Layout made = layouts.of(v);
  if (made == layout) return slot(v);
  const auto [it, is_new] = changed.try_emplace({v, layout}, 0);
  if (is_new) {
    it->second = new_slot(nullptr);
    PreparedOp change{fast::change_layout(v->type.dims, made, layout), false, {}};
    steps.push_back({nullptr, std::move(change), {slot(v)}, {it->second}, {v->type}, {}, false});
  }
  return it->second;
}

void Executor::State::plan() {
  for (const auto& v : graph->inputs()) slot(v.get());
  const bool is_watched = options.hook || options.compute;
  for (const Op& op : graph->ops()) {
    Step step{&op, prepare_op(op, options.reference, kept, is_watched ? nullptr : &layouts), {}, {}, {}, {}, false};
    const std::vector<fast::Layout>& wanted = step.prepared.layouts.in;
    for (size_t i = 0; i < op.in().size(); ++i)
      step.in.push_back(slot_in(op.in(i), i < wanted.size() ? wanted[i] : fast::Layout::RowMajor));
    for (const auto& v : op.out()) {
      step.out.push_back(slot(v.get()));
      step.out_types.push_back(v->type);
    }
    steps.push_back(std::move(step));
  }
  for (const Value* v : graph->outputs()) output_slots.push_back(slot_in(v, fast::Layout::RowMajor));
  find_last_uses();
  allocate();
}

// One run without work: the buffers are there, and their memory mapped, when the first run begins.
void Executor::State::allocate() {
  const auto take = [&](size_t slot_index, const TensorType& type) { owned[slot_index] = pool.take(type, false); };
  for (const Step& step : steps) {
    if (step.moves_input)
      owned[step.out[0]] = std::move(owned[step.in[0]]).reshaped(step.out_types[0].dims);
    else
      for (size_t i = 0; i < step.out.size(); ++i) take(step.out[i], step.out_types[i]);
    for (const size_t s : step.last_use) {
      if (!(step.moves_input && s == step.in[0])) pool.give(std::move(owned[s]));
      owned[s] = Tensor();
    }
  }
  for (Tensor& t : owned)
    if (t.count() > 0 && !t.bytes().empty()) pool.give(std::exchange(t, Tensor()));
}

void Executor::State::find_last_uses() {
  std::vector<bool> needed(readable.size());
  for (const size_t s : output_slots) needed[s] = true;
  for (const auto& v : graph->inputs()) needed[slot(v.get())] = true;  // the caller's, not ours to free
  for (size_t i = 0; i < needed.size(); ++i)
    if (readable[i] != nullptr) needed[i] = true;  // constants
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    for (const auto* list : {&step->in, &step->out})
      for (const size_t s : *list) {
        if (s == kAbsent || needed[s]) continue;
        needed[s] = true;
        step->last_use.push_back(s);
      }
    const auto& ends = step->last_use;
    step->moves_input = step->op != nullptr && step->op->name() == "reshape" &&
                        std::find(ends.begin(), ends.end(), step->in[0]) != ends.end();
  }
}

void Executor::State::bind_inputs(const NamedTensors& inputs) {
  std::vector<Diagnostic> problems;
  for (const auto& v : graph->inputs()) {
    const auto it = inputs.find(v->name);
    if (it == inputs.end()) {
      problems.push_back(
          diagnostic(ErrorCode::E3011, "input `{}` is missing", v->name).note("expected", to_string(v->type)));
    } else if (it->second.dims() != v->type.dims || it->second.dtype() != v->type.dtype) {
      problems.push_back(diagnostic(ErrorCode::E3011, "input `{}` is {}, expected {}", v->name,
                                    to_string(it->second.type), to_string(v->type)));
    } else {
      readable[slot(v.get())] = &it->second;
      if (options.hook) options.hook(*v, it->second);
    }
  }
  if (!problems.empty()) throw UserError(std::move(problems));
}

void Executor::State::run_step(Step& step) {
  std::vector<const Tensor*> in(step.in.size());
  for (size_t i = 0; i < in.size(); ++i) in[i] = step.in[i] == kAbsent ? nullptr : readable[step.in[i]];
  std::vector<Tensor> out(step.out.size());
  if (step.moves_input) {
    out[0] = std::move(owned[step.in[0]]).reshaped(step.out_types[0].dims);
    out[0].type = step.out_types[0];
  } else {
    for (size_t i = 0; i < out.size(); ++i) out[i] = pool.take(step.out_types[i], step.prepared.needs_zeroed);
    if (!options.compute || !options.compute(*step.op, {in}, out)) step.prepared.kernel({in}, out);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t s = step.out[i];
    owned[s] = std::move(out[i]);
    readable[s] = &owned[s];
    if (options.hook) options.hook(*step.op->out(i), owned[s]);
  }
  for (const size_t s : step.last_use) {
    if (!(step.moves_input && s == step.in[0])) pool.give(std::move(owned[s]));
    owned[s] = Tensor();
    readable[s] = nullptr;
  }
}

Executor::Executor(const Graph& graph, ExecOptions options) : state_(std::make_unique<State>()) {
  state_->graph = &graph;
  state_->options = std::move(options);
  const ThreadScope threads(state_->options.threads);
  state_->plan();
}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

NamedTensors Executor::run(const NamedTensors& inputs) {
  const ThreadScope threads(state_->options.threads);
  const FlushScope mode(state_->options.flush_denormals);
  const auto start = std::chrono::steady_clock::now();
  state_->bind_inputs(inputs);
  for (Step& step : state_->steps) state_->run_step(step);
  NamedTensors outputs;
  const auto& values = state_->graph->outputs();
  for (size_t i = 0; i < values.size(); ++i)
    outputs.insert_or_assign(values[i]->name, *state_->readable[state_->output_slots[i]]);
  for (const size_t s : state_->output_slots)
    if (Tensor t = std::exchange(state_->owned[s], Tensor()); !t.bytes().empty()) state_->pool.give(std::move(t));
  state_->pool.trim(kPoolBytes);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  log::verbose("`{}` executed in {:.4f} s: {} operators", state_->graph->name, elapsed.count(), state_->steps.size());
  return outputs;
}

}  // namespace tpuc
