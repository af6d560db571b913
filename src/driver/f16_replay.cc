// Builds a graph of the one operator, so that the executor's fast kernels compute it.
#include "driver/f16_replay.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tpuc/numerics/half.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
// A result has changed when it is off by 1/32 of its tensor's size, or of its own where it is out of range itself.
constexpr float kChange = 1.0f / 32;

// Elements in F16's range stay exact: only the loss of range is to show. Computed values become infinite beyond it,
// constants the largest number (passes/lower_precision.cc).
Tensor lose_range(const Tensor& t, bool is_constant) {
  std::vector<float> values = t.to_f32();
  for (float& x : values) {
    const float size = std::fabs(x);
    if (size >= kF16Overflow && size <= kLargest)
      x = std::copysign(is_constant ? 65504.0f : std::numeric_limits<float>::infinity(), x);
    else if (size < kF16LeastNormal)
      x = f16_to_f32(f32_to_f16(x));
  }
  Tensor out(t.dtype(), t.dims());
  out.assign_f32(values);
  return out;
}

Effect difference(const Tensor& want, const Tensor& got) {
  const std::vector<float> a = want.to_f32(), b = got.to_f32();
  float scale = 0;
  for (const float x : a)
    if (std::fabs(x) < kF16Overflow) scale = std::max(scale, std::fabs(x));
  Effect effect;
  for (size_t i = 0; i < a.size(); ++i) {
    const float size = std::fabs(a[i]);
    if (!(size <= kLargest)) continue;
    const float off = std::fabs(a[i] - b[i]);  // infinite or nan where the replay is
    if (off <= kChange * size) continue;
    if (size >= kF16Overflow)
      effect.deferred = true;
    else if (!(off <= kChange * scale) && !(scale < kF16LeastNormal && off <= kLargest))
      effect.visible = true;
    else if (size < kF16LeastNormal)
      effect.deferred = true;
  }
  return effect;
}

}  // namespace

Extent extent_of(const Tensor& t) {
  Extent e;
  const auto widen = [&e](float x) {
    const float size = std::fabs(x);
    if (size > e.largest && size <= kLargest) e.largest = size;
    if (size < e.smallest && size > 0) e.smallest = size;
  };
  if (t.dtype() == DType::F32)
    for (const float x : t.as<float>()) widen(x);
  else
    for (const float x : t.to_f32()) widen(x);
  return e;
}

Replay::Replay(const Op& op, const std::unordered_map<const Value*, Tensor>& held, unsigned threads)
    : op_(&op), held_(&held), threads_(threads) {}

Effect Replay::effect_of(std::span<const size_t> operands) const {
  ConstantStore store;
  Graph graph("replay", store);
  NamedTensors inputs;
  std::vector<Value*> in;
  for (size_t i = 0; i < op_->in().size(); ++i) {
    const Value* v = op_->in(i);
    if (v == nullptr) {
      in.push_back(nullptr);
      continue;
    }
    const bool loses = std::find(operands.begin(), operands.end(), i) != operands.end();
    const Tensor& exact = v->is_constant() ? v->tensor() : held_->at(v);
    Tensor t = loses ? lose_range(exact, v->is_constant()) : exact;
    if (v->is_constant()) {
      in.push_back(graph.constant(std::move(t)));
      continue;
    }
    Value* input = graph.input(v->type, std::to_string(i));
    in.push_back(input);
    inputs.emplace(input->name, std::move(t));
  }
  Op& again = graph.add_op(op_->def(), op_->any_attrs(), std::move(in));
  std::vector<Value*> outputs;
  for (const auto& out : again.out()) outputs.push_back(out.get());
  graph.set_outputs(outputs);
  ExecOptions options;
  options.threads = threads_;
  const NamedTensors got = Executor(graph, options).run(inputs);
  Effect all;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!is_float(outputs[i]->type.dtype)) {
      all.visible |= !identical(held_->at(op_->out(i)), got.at(outputs[i]->name));
      continue;
    }
    const Effect one = difference(held_->at(op_->out(i)), got.at(outputs[i]->name));
    all.visible |= one.visible;
    all.deferred |= one.deferred;
  }
  return all;
}

}  // namespace tpuc
