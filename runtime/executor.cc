// Runs a graph in program order. Buffers are given back after their last use and serve later results of the same size.
#include "tpuc/runtime/executor.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <unordered_map>

#include "runtime/prepare.h"
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

constexpr size_t kAbsent = static_cast<size_t>(-1);

struct Step {
  const Op* op;
  PreparedOp prepared;
  std::vector<size_t> in, out;   // slots; kAbsent for an input that is not there
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
  std::unordered_map<const Value*, size_t> slot_of;
  std::vector<Step> steps;
  std::deque<Tensor> kept;              // constants in another type, for kernels
  std::vector<const Tensor*> readable;  // per slot: where its data is now
  std::vector<Tensor> owned;            // per slot: results of ops
  Pool pool;

  size_t slot(const Value* v) {
    if (v == nullptr) return kAbsent;
    const auto [it, is_new] = slot_of.try_emplace(v, slot_of.size());
    if (is_new) {
      readable.push_back(v->is_constant() ? &v->tensor() : nullptr);
      owned.emplace_back();
    }
    return it->second;
  }
  void plan();
  void find_last_uses();
  void bind_inputs(const NamedTensors& inputs);
  void run_step(Step& step);
  Tensor take_output(const Value& v);
};

void Executor::State::plan() {
  for (const auto& v : graph->inputs()) slot(v.get());
  for (const Op& op : graph->ops()) {
    Step step{&op, prepare_op(op, options.reference, kept), {}, {}, {}, false};
    for (const Value* v : op.in()) step.in.push_back(slot(v));
    for (const auto& v : op.out()) step.out.push_back(slot(v.get()));
    steps.push_back(std::move(step));
  }
  for (const Value* v : graph->outputs()) slot(v);
  find_last_uses();
}

void Executor::State::find_last_uses() {
  std::vector<bool> needed(readable.size());
  for (const Value* v : graph->outputs()) needed[slot(v)] = true;
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
    step->moves_input = step->op->name() == "reshape" && std::find(ends.begin(), ends.end(), step->in[0]) != ends.end();
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
    out[0] = std::move(owned[step.in[0]]).reshaped(step.op->out(0)->type.dims);
    out[0].type = step.op->out(0)->type;
  } else {
    for (size_t i = 0; i < out.size(); ++i) out[i] = pool.take(step.op->out(i)->type, step.prepared.needs_zeroed);
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

// Copies what is still needed: an input or a constant that is also an output, or a value that is one twice.
Tensor Executor::State::take_output(const Value& v) { return *readable[slot(&v)]; }

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
  const auto start = std::chrono::steady_clock::now();
  state_->bind_inputs(inputs);
  for (Step& step : state_->steps) state_->run_step(step);
  NamedTensors outputs;
  for (const Value* v : state_->graph->outputs()) outputs.insert_or_assign(v->name, state_->take_output(*v));
  for (const Value* v : state_->graph->outputs()) {
    const size_t s = state_->slot(v);
    if (v->def != nullptr && state_->owned[s].count() > 0) state_->pool.give(std::move(state_->owned[s]));
    state_->owned[s] = Tensor();
  }
  state_->pool.trim(kPoolBytes);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  log::verbose("`{}` executed in {:.4f} s: {} operators", state_->graph->name, elapsed.count(), state_->steps.size());
  return outputs;
}

}  // namespace tpuc
