// A graph on its way into 8 bits: what stands for each of its values now, in integers and in floats. Conversions are
// made once, where the first reader asks. Old operators stay until the end, as the record of what each value was.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ops/activation_attr.h"
#include "passes/quantize_plan.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

// A sum of products that is not rounded to 8 bits: integers * scale + offset, along one axis or one for all.
struct ExactSums {
  Value* integers = nullptr;
  std::vector<double> scale, offset;
  int64_t axis = 1;
};

class QuantizedValues {
 public:
  QuantizedValues(Graph& graph, QuantizePlan plan) : graph_(graph), plan_(std::move(plan)) {}

  Graph& graph() const { return graph_; }
  const QuantizePlan& plan() const { return plan_; }
  const QuantParams& params(const Value* v) const { return plan_.params.at(v); }
  Multipliers multipliers() const { return plan_.is_stated ? Multipliers::Exact : Multipliers::Fast; }

  // The value in 8 bits as `p` says; what is held in another way is scaled. Constants may be held in several ways.
  Value* integer_of(Value* v, const QuantParams& p, Op* opt_before);
  Value* integer_of(Value* v, Op* before) { return integer_of(v, params(v), before); }
  // The value in floats, for readers that stand at or behind `before` (null: the end).
  Value* float_of(Value* v, Op* opt_before);

  // The operator keeps computing in floats.
  void read_floats(Op& op);
  // The network's own quantize, of a value that is there in 8 bits; false where it is not.
  bool take_integers(Op& op);
  // The network's own dequantize says what stands for its result in 8 bits.
  void give_integers(Op& op) { integers_[op.out(0)] = op.in(0); }

  // The new op's result is what `old` was, in 8 bits. Saturation is the activation where the integers end with it; else
  // its bounds are applied.
  void hold(Op& old, Op& made, ops::Activation activation = ops::Activation::None);
  // The same in floats.
  void hold_floats(Op& old, Value* made);

  // The same in sums, where the plan says so; none where they are not held.
  void hold_sums(const Op& old, ExactSums sums) { sums_[old.out(0)] = std::move(sums); }
  ExactSums sums_of(const Value* v) const;

  // The graph's outputs, under their names, in floats.
  void write_outputs(const std::vector<std::string>& names);

 private:
  Value* rescaled(Value* integers, const QuantParams& from, const QuantParams& to, Op* opt_before);
  void name_result(Op& old, Op& made);

  Graph& graph_;
  QuantizePlan plan_;
  std::unordered_map<const Value*, Value*> integers_, floats_;  // of values of the graph as it was
  std::unordered_map<const Value*, ExactSums> sums_;
};

}  // namespace tpuc
