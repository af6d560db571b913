// The network's border as it is computed: an input that is quantized at once becomes 8 bits, and so does a result that
// is only dequantized. Whoever feeds the network quantizes, by the Quant of the value's type.
#include <algorithm>

#include "ops/integer_sum.h"
#include "ops/quantize.h"
#include "passes/passes.h"
#include "passes/requantize.h"

namespace tpuc {
namespace {

using ops::Dequantize;
using ops::Quantize;

QuantParams params_of(const Op& quantize) {
  const auto& attrs = quantize.attrs<Quantize>();
  return {attrs.to, attrs.scale, static_cast<int32_t>(attrs.zero)};
}

// The first quantize in program order that reads the value; null where it stays as it is.
const Op* opt_quantize_of(const Graph& graph, const Value* input) {
  if (!is_float(input->type.dtype) || graph.is_output(input)) return nullptr;
  const Op* first = nullptr;
  for (const Op& op : graph.ops()) {
    if (!op.is<Quantize>() || op.in(0) != input) continue;
    if (graph.is_output(op.out(0))) return nullptr;  // an output cannot be an input
    if (first == nullptr) first = &op;
  }
  return first;
}

// Everybody reads the integers; who wants real numbers, or others, gets them from these.
void make_integer(Graph& graph, Value* input, const QuantParams& p) {
  std::vector<Op*> users;  // in program order: what is inserted stands before the first
  for (Op& op : graph.ops())
    if (std::find(op.in().begin(), op.in().end(), input) != op.in().end()) users.push_back(&op);
  input->type.dtype = p.dtype;
  input->type.quant = to_quant(p);
  Value* real = nullptr;
  for (Op* op : users) {
    if (op->is<Quantize>() && params_of(*op) == p) {
      graph.replace_uses(op->out(0), input);
      continue;
    }
    if (real == nullptr)
      real = graph.add<Dequantize>({input}, {.to = DType::F32, .scale = p.scale, .zero = p.zero}, {}, op).out(0);
    for (size_t i = 0; i < op->in().size(); ++i)
      if (op->in(i) == input) graph.set_input(*op, i, real);
  }
}

// The integers that a result is dequantized from; null where it is not, or where they are another's already.
Value* opt_integers_of(const Value* output, const std::vector<Value*>& outputs) {
  const Op* def = output->def;
  if (def == nullptr || !def->is<Dequantize>() || !ops::is_byte(def->in(0)->type.dtype)) return nullptr;
  Value* integers = def->in(0);
  const bool is_free = integers->def != nullptr && std::find(outputs.begin(), outputs.end(), integers) == outputs.end();
  return is_free ? integers : nullptr;
}

bool change_outputs(Graph& graph) {
  std::vector<Value*> outputs = graph.outputs();
  bool changed = false;
  for (Value*& output : outputs) {
    Value* integers = opt_integers_of(output, outputs);
    if (integers == nullptr) continue;
    const auto& attrs = output->def->attrs<Dequantize>();
    integers->type.quant = to_quant({integers->type.dtype, attrs.scale, static_cast<int32_t>(attrs.zero)});
    const std::string name = output->name;
    graph.rename(output, name + "~f32");
    graph.rename(integers, name);
    output = integers;
    changed = true;
  }
  if (changed) graph.set_outputs(std::move(outputs));
  return changed;
}

}  // namespace

bool run_native_border(Graph& graph, PassCtx& ctx) {
  if (!ctx.options.native_border) return false;
  bool changed = change_outputs(graph);
  for (const auto& input : graph.inputs()) {
    const Op* quantize = opt_quantize_of(graph, input.get());
    if (quantize == nullptr) continue;
    make_integer(graph, input.get(), params_of(*quantize));
    changed = true;
  }
  if (changed) graph.dce();
  return changed;
}

}  // namespace tpuc
