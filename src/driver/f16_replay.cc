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

Effect difference(const Tensor& want, const Tensor& got, bool is_magnified) {
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
    const bool is_tiny = scale < kF16LeastNormal && off <= kLargest;
    if (size < kF16Overflow && !(off <= kChange * scale) && !is_tiny)
      effect.visible = true;
    else if (size >= kF16Overflow || is_tiny || is_magnified)
      effect.deferred = true;
  }
  return effect;
}

// Too little work to share: waking the other threads takes longer.
bool is_small(const Op& op) {
  constexpr int64_t kElements = 1 << 20;
  int64_t elements = element_count(op.out(0)->type);
  for (const Value* v : op.in())
    if (v != nullptr) elements += element_count(v->type);
  return elements < kElements;
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

ReplayResult Replay::run(std::span<const size_t> own, std::span<const size_t> inherited,
                         const std::unordered_map<const Value*, Tensor>& shadows) const {
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
    const bool inherits = std::find(inherited.begin(), inherited.end(), i) != inherited.end();
    const bool loses = inherits || std::find(own.begin(), own.end(), i) != own.end();
    const Tensor& from = v->is_constant() ? v->tensor() : inherits ? shadows.at(v) : held_->at(v);
    Tensor t = loses ? lose_range(from, v->is_constant()) : from;
    if (v->is_constant()) {
      in.push_back(graph.constant(std::move(t)));
      continue;
    }
    Value* input = graph.input(v->type, std::to_string(i));
    in.push_back(input);
    inputs.emplace(input->name, std::move(t));
  }
  const Op& again = graph.add_op(op_->def(), op_->any_attrs(), std::move(in));
  std::vector<Value*> outputs;
  for (const auto& out : again.out()) outputs.push_back(out.get());
  graph.set_outputs(outputs);
  ExecOptions options;
  options.threads = is_small(*op_) ? 1 : threads_;
  NamedTensors got = Executor(graph, options).run(inputs);
  ReplayResult result;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& want = held_->at(op_->out(i));
    result.outputs.push_back(std::move(got.at(outputs[i]->name)));
    const Effect one = is_float(want.dtype()) ? difference(want, result.outputs.back(), is_magnified_)
                                              : Effect{!identical(want, result.outputs.back()), false};
    result.effect.visible |= one.visible;
    result.effect.deferred |= one.deferred;
  }
  return result;
}

}  // namespace tpuc
