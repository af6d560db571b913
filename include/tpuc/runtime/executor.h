// Executes a graph on the host: every operator by its reference `eval`, or by a faster version of runtime/fast that is
// tested against it. f16 and bf16 tensors are computed in f32 and rounded once per operator.
#pragma once

#include <functional>
#include <memory>

#include "tpuc/ir/graph.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

struct ExecOptions {
  unsigned threads = 0;          // 0: all cores
  bool reference = false;        // only `eval`, no fast versions
  bool flush_denormals = false;  // f32 and bf16 below their least normal number are 0 for arithmetic, as for the chip's
  // Called for every value in program order: graph inputs, then the results of each op. Constants are left out.
  std::function<void(const Value&, const Tensor&)> hook;
  // Asked before each op is run: true when it has computed the results itself. May be empty.
  std::function<bool(const Op&, EvalArgs, std::span<Tensor>)> compute;
};

// Prepares once (packs constant weights), runs often. The graph must outlive the executor and stay as it is.
class Executor {
 public:
  explicit Executor(const Graph& graph, ExecOptions options = {});
  ~Executor();
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;

  // Inputs by name, with the type and shape of the graph's inputs (E3011 otherwise; superfluous ones are ignored).
  // Returns the graph's outputs by name.
  NamedTensors run(const NamedTensors& inputs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tpuc
