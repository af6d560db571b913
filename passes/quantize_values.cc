// See the header.
#include "passes/quantize_values.h"

#include <algorithm>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/quantize.h"
#include "passes/replace_value.h"

namespace tpuc {

using namespace ops;

Value* QuantizedValues::float_of(Value* v, Op* opt_before) {
  if (const auto known = floats_.find(v); known != floats_.end()) return known->second;
  const auto held = integers_.find(v);
  if (held == integers_.end() || v->def == nullptr || !plan_.form_of(*v->def)) return v;
  const QuantParams& p = params(v);
  Op& op = graph_.add<Dequantize>({held->second}, {.to = DType::F32, .scale = p.scale, .zero = p.zero}, {}, opt_before);
  op.loc = v->def->loc;
  return floats_[v] = op.out(0);
}

void QuantizedValues::read_floats(Op& op) {
  for (size_t i = 0; i < op.in().size(); ++i)
    if (Value* v = op.in(i); v != nullptr && float_of(v, &op) != v) graph_.set_input(op, i, float_of(v, &op));
}

bool QuantizedValues::take_integers(Op& op) {
  Value* v = op.in(0);
  if (!integers_.contains(v) || plan_.params_of(v) == nullptr) return false;
  const auto& attrs = op.attrs<Quantize>();
  return replace_value(graph_, op.out(0),
                       integer_of(v, {attrs.to, attrs.scale, static_cast<int32_t>(attrs.zero)}, &op));
}

Value* QuantizedValues::integer_of(Value* v, const QuantParams& p, Op* opt_before) {
  if (v->is_constant()) return graph_.constant(quantize_tensor(v->tensor(), p), v->name);
  if (const auto known = integers_.find(v); known != integers_.end())
    return rescaled(known->second, params(v), p, opt_before);
  if (is_cast_of_bytes(v->def))
    return integers_[v] = rescaled(v->def->in(0), {v->def->in(0)->type.dtype, 1, 0}, p, opt_before);
  Op& op = graph_.add<Quantize>({float_of(v, opt_before)}, {.to = p.dtype, .scale = p.scale, .zero = p.zero}, {},
                                opt_before);
  if (v->def != nullptr) op.loc = v->def->loc;
  op.out(0)->type.quant = to_quant(p);
  return integers_[v] = op.out(0);
}

Value* QuantizedValues::rescaled(Value* integers, const QuantParams& from, const QuantParams& to, Op* opt_before) {
  if (from == to) return integers;
  const WeightedTerms t = weighted_terms({from}, {1.0}, to, multipliers());
  Op& op = graph_.add<WeightedSum>(
      {integers}, {.multipliers = t.multipliers, .scale = t.scale, .offset = t.offset, .to = to.dtype}, {}, opt_before);
  if (integers->def != nullptr) op.loc = integers->def->loc;
  op.out(0)->type.quant = to_quant(to);
  return op.out(0);
}

void QuantizedValues::name_result(Op& old, Op& made) {
  made.loc = old.loc;
  Value* v = made.out(0);
  v->type.quant = to_quant(params(old.out(0)));
  graph_.rename(v, std::string(old.out(0)->name));
  integers_[old.out(0)] = v;
}

void QuantizedValues::hold(Op& old, Op& made, Activation activation) {
  const QuantParams& p = params(old.out(0));
  const int32_t low = activation == Activation::None ? p.lowest() : std::max(p.lowest(), p.zero);
  const int32_t high = activation == Activation::Relu6 ? to_quantized(6.0, p) : p.highest();
  if (low == p.lowest() && high == p.highest()) return name_result(old, made);
  made.loc = old.loc;
  made.out(0)->type.quant = to_quant(p);
  name_result(old, graph_.add<Clip>({made.out(0)}, {.min = static_cast<float>(low), .max = static_cast<float>(high)},
                                    {}, &old));
}

void QuantizedValues::hold_floats(Op& old, Value* made) {
  floats_[old.out(0)] = made;
  graph_.rename(made, std::string(old.out(0)->name));
}

ExactSums QuantizedValues::sums_of(const Value* v) const {
  const auto it = sums_.find(v);
  return it == sums_.end() ? ExactSums{} : it->second;
}

void QuantizedValues::write_outputs(const std::vector<std::string>& names) {
  std::vector<Value*> outputs;
  for (Value* old : graph_.outputs()) {
    Value* v = float_of(old, nullptr);
    if (const auto held = integers_.find(old); v != old && held != integers_.end())
      graph_.rename(held->second, old->name + "~i8");
    if (v != old) graph_.rename(v, names[outputs.size()]);
    if (is_integer(v->type.dtype)) v->type.quant.reset();  // a result of the model's own
    outputs.push_back(v);
  }
  graph_.set_outputs(std::move(outputs));
}

}  // namespace tpuc
