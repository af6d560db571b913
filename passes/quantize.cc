// Writes operators in integers where the plan says so, and converts values where 8 bits and floats meet.
#include "ops/quantize.h"

#include <algorithm>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/slice.h"
#include "ops/softmax.h"
#include "passes/passes.h"
#include "passes/quantize_products.h"
#include "passes/quantize_slopes.h"
#include "passes/quantize_softmax.h"
#include "passes/quantize_stated.h"
#include "passes/quantize_values.h"

namespace tpuc {
namespace {

using namespace ops;

class Quantizer {
 public:
  Quantizer(Graph& graph, QuantizePlan plan) : graph_(graph), values_(graph, std::move(plan)) {}

  bool run() {
    if (values_.plan().forms.empty()) return false;
    std::vector<std::string> names;  // of the outputs, before anything takes them
    for (const Value* v : graph_.outputs()) names.push_back(v->name);
    std::vector<Op*> ops;
    for (Op& op : graph_.ops()) ops.push_back(&op);
    for (Op* op : ops) {
      if (const auto form = values_.plan().form_of(*op))
        write(*op, *form);
      else if (!op->is<Quantize>() || !values_.take_integers(*op))
        values_.read_floats(*op);
      if (is_stated_source(op)) values_.give_integers(*op);
    }
    values_.write_outputs(names);
    graph_.dce();
    if (!values_.plan().is_stated) mark_coarse();
    return true;
  }

 private:
  void write(Op& op, Int8Form form) {
    switch (form) {
      case Int8Form::Convolution:
        return quantize_convolution(op, values_);
      case Int8Form::MatMul:
        return quantize_matmul(op, values_);
      case Int8Form::Table:
        return write_table(op);
      case Int8Form::WeightedSum:
        return write_sum(op);
      case Int8Form::Product:
        return write_product(op);
      case Int8Form::Slopes:
        return quantize_slopes(op, values_);
      case Int8Form::Softmax:
        return quantize_softmax(op, values_);
      case Int8Form::SameScale:
        return write_same_scale(op);
    }
  }

  // The error of coarse shares is a part of each, so it stays below the step of 8 bits that hold the largest of them.
  void mark_coarse() {
    for (Op& op : graph_.ops()) {
      if (!op.is<Softmax>() || graph_.is_output(op.out(0))) continue;
      const auto& uses = op.out(0)->uses;
      const auto rounds = [](const Op* user) { return user->is<Quantize>(); };
      if (uses.empty() || !std::all_of(uses.begin(), uses.end(), rounds)) continue;
      Softmax::Attrs attrs = op.attrs<Softmax>();
      attrs.coarse = true;
      graph_.set_attrs(op, attrs);
    }
  }

  void write_table(Op& op) {
    const Tensor table = lookup_table(op, values_.params(op.in(0)), values_.params(op.out(0)));
    Value* entries = graph_.constant(table, "table");
    values_.hold(op, graph_.add<Lut>({values_.integer_of(op.in(0), &op), entries}, {}, {}, &op));
  }

  void write_sum(Op& op) {
    const QuantParams& y = values_.params(op.out(0));
    const WeightedTerms t = weighted_terms({values_.params(op.in(0)), values_.params(op.in(1))},
                                           {1.0, op.is<Sub>() ? -1.0 : 1.0}, y, values_.multipliers());
    Op& made = graph_.add<WeightedSum>(
        {values_.integer_of(op.in(0), &op), values_.integer_of(op.in(1), &op)},
        {.multipliers = t.multipliers, .scale = t.scale, .offset = t.offset, .to = y.dtype}, {}, &op);
    values_.hold(op, made, op.is<Add>() ? op.attrs<Add>().activation : Activation::None);
  }

  void write_product(Op& op) {
    const QuantParams &a = values_.params(op.in(0)), &b = values_.params(op.in(1)), &y = values_.params(op.out(0));
    ScaledProduct::Attrs attrs;
    attrs.zero_a = a.zero, attrs.zero_b = b.zero, attrs.to = y.dtype;
    attrs.scale = static_cast<float>(double(a.scale) * b.scale / y.scale);
    attrs.offset = static_cast<float>(y.zero);
    values_.hold(op, graph_.add<ScaledProduct>({values_.integer_of(op.in(0), &op), values_.integer_of(op.in(1), &op)},
                                               attrs, {}, &op));
  }

  void write_same_scale(Op& op) {
    const QuantParams& p = values_.params(op.out(0));
    std::vector<Value*> in = op.in();
    for (size_t i = 0; i < in.size(); ++i)
      if (in[i] != nullptr && is_float(in[i]->type.dtype)) in[i] = values_.integer_of(in[i], p, &op);
    std::any attrs = op.any_attrs();
    if (op.is<Pad>()) {
      Pad::Attrs pad = op.attrs<Pad>();
      pad.value = to_quantized(pad.value, p);
      attrs = pad;
    }
    values_.hold(op, graph_.add_op(op.def(), std::move(attrs), std::move(in), {}, &op));
  }

  Graph& graph_;
  QuantizedValues values_;
};

// A network's own quantize divides; the chip multiplies by the reciprocal.
bool multiply_by_reciprocals(Graph& graph) {
  std::vector<Op*> dividing;
  for (Op& op : graph.ops())
    if (op.is<Quantize>() && op.attrs<Quantize>().divides) dividing.push_back(&op);
  for (Op* op : dividing) {
    Quantize::Attrs attrs = op->attrs<Quantize>();
    attrs.divides = false;
    Op& made = graph.add<Quantize>({op->in(0)}, attrs, {}, op);
    made.loc = op->loc;
    made.out(0)->type.quant = op->out(0)->type.quant;  // none where the integers are a result of the model's own
    graph.replace_uses(op->out(0), made.out(0));
    graph.rename(made.out(0), std::string(op->out(0)->name));
  }
  graph.dce();
  return !dividing.empty();
}

}  // namespace

bool run_quantize(Graph& graph, PassCtx& ctx) {
  const bool is_changed = multiply_by_reciprocals(graph);
  if (!ctx.options.quantization) return is_changed;
  Quantization how = ctx.options.quantization(graph);
  how.native_border = ctx.options.native_border;
  return Quantizer(graph, plan_quantization(graph, how)).run() || is_changed;
}

}  // namespace tpuc
