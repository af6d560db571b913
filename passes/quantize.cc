// Writes operators in integers where the plan says so, and converts values where 8 bits and floats meet.
// Old operators stay until the end, as the record of what each value was; then nothing needs them.
#include "ops/quantize.h"

#include <unordered_map>

#include "ops/activation.h"
#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/slice.h"
#include "passes/passes.h"
#include "passes/quantize_plan.h"
#include "passes/quantize_stated.h"
#include "passes/replace_value.h"

namespace tpuc {
namespace {

using namespace ops;

// A convolution of any origin: what it multiplies with, and what follows the sum.
struct Products {
  QuantizedFilter filter;
  const Tensor* opt_bias = nullptr;
  Activation activation = Activation::None;
};

const Tensor* opt_tensor(const Value* v) { return v == nullptr ? nullptr : &v->tensor(); }

class Quantizer {
 public:
  Quantizer(Graph& graph, QuantizePlan plan) : graph_(graph), plan_(std::move(plan)) {}

  bool run() {
    if (plan_.forms.empty()) return false;
    std::vector<std::string> names;  // of the outputs, before anything takes them
    for (const Value* v : graph_.outputs()) names.push_back(v->name);
    std::vector<Op*> ops;
    for (Op& op : graph_.ops()) ops.push_back(&op);
    for (Op* op : ops) {
      if (const auto form = plan_.form_of(*op))
        write(*op, *form);
      else if (!op->is<Quantize>() || !take_integers(*op))
        read_floats(*op);
      if (is_stated_source(op)) integers_[op->out(0)] = op->in(0);
    }
    write_outputs(names);
    graph_.dce();
    return true;
  }

 private:
  void read_floats(Op& op) {
    for (size_t i = 0; i < op.in().size(); ++i)
      if (Value* v = op.in(i); v != nullptr && float_of(v, &op) != v) graph_.set_input(op, i, float_of(v, &op));
  }

  // The value in floats, for readers that stand at or behind `before` (null: the end).
  Value* float_of(Value* v, Op* opt_before) {
    if (const auto known = floats_.find(v); known != floats_.end()) return known->second;
    const auto held = integers_.find(v);
    if (held == integers_.end() || v->def == nullptr || !plan_.form_of(*v->def)) return v;
    const QuantParams& p = plan_.params.at(v);
    Op& op =
        graph_.add<Dequantize>({held->second}, {.to = DType::F32, .scale = p.scale, .zero = p.zero}, {}, opt_before);
    op.loc = v->def->loc;
    return floats_[v] = op.out(0);
  }

  // The network's own quantize, of a value that is there in 8 bits.
  bool take_integers(Op& op) {
    Value* v = op.in(0);
    if (!integers_.contains(v) || plan_.params_of(v) == nullptr) return false;
    const auto& attrs = op.attrs<Quantize>();
    return replace_value(graph_, op.out(0),
                         integer_of(v, {attrs.to, attrs.scale, static_cast<int32_t>(attrs.zero)}, &op));
  }

  // The value in 8 bits as `p` says; what is held in another way is scaled. Constants may be held in several ways.
  Value* integer_of(Value* v, const QuantParams& p, Op* opt_before) {
    if (v->is_constant()) return graph_.constant(quantize_tensor(v->tensor(), p), v->name);
    if (const auto known = integers_.find(v); known != integers_.end())
      return rescaled(known->second, plan_.params.at(v), p, opt_before);
    Op& op = graph_.add<Quantize>({float_of(v, opt_before)}, {.to = p.dtype, .scale = p.scale, .zero = p.zero}, {},
                                  opt_before);
    if (v->def != nullptr) op.loc = v->def->loc;
    op.out(0)->type.quant = to_quant(p);
    return integers_[v] = op.out(0);
  }
  Value* integer_of(Value* v, Op* before) { return integer_of(v, plan_.params.at(v), before); }

  Multipliers multipliers() const { return plan_.is_stated ? Multipliers::Exact : Multipliers::Fast; }

  Value* rescaled(Value* integers, const QuantParams& from, const QuantParams& to, Op* opt_before) {
    if (from == to) return integers;
    const WeightedTerms t = weighted_terms({from}, {1.0}, to, multipliers());
    Op& op = graph_.add<WeightedSum>(
        {integers}, {.multipliers = t.multipliers, .scale = t.scale, .offset = t.offset, .to = to.dtype}, {},
        opt_before);
    if (integers->def != nullptr) op.loc = integers->def->loc;
    op.out(0)->type.quant = to_quant(to);
    return op.out(0);
  }

  void write(Op& op, Int8Form form) {
    switch (form) {
      case Int8Form::Convolution:
        return op.is<ConvTranspose2d>() ? write_conv_transpose(op) : write_convolution(op);
      case Int8Form::MatMul:
        return op.in(1)->is_constant() ? write_projection(op) : write_matmul(op);
      case Int8Form::Table:
        return write_table(op);
      case Int8Form::WeightedSum:
        return write_sum(op);
      case Int8Form::Product:
        return write_product(op);
      case Int8Form::SameScale:
        return write_same_scale(op);
    }
  }

  // The new op's result is what `old` was, in 8 bits.
  void hold(Op& old, Op& made) {
    made.loc = old.loc;
    Value* v = made.out(0);
    v->type.quant = to_quant(plan_.params.at(old.out(0)));
    graph_.rename(v, std::string(old.out(0)->name));
    integers_[old.out(0)] = v;
  }

  // Saturation is the activation where the integers end with it; else its bounds are applied.
  void hold(Op& old, Op& made, Activation activation) {
    const QuantParams& p = plan_.params.at(old.out(0));
    const int32_t low = activation == Activation::None ? p.lowest() : std::max(p.lowest(), p.zero);
    const int32_t high = activation == Activation::Relu6 ? to_quantized(6.0, p) : p.highest();
    if (low == p.lowest() && high == p.highest()) return hold(old, made);
    made.loc = old.loc;
    made.out(0)->type.quant = to_quant(p);
    hold(old,
         graph_.add<Clip>({made.out(0)}, {.min = static_cast<float>(low), .max = static_cast<float>(high)}, {}, &old));
  }

  // The two forms of a sum of products: requantized to 8 bits, or, where only floats read it, exact.
  template <class S>
  void write_products(Op& old, std::vector<Value*> in, typename S::Attrs attrs, const Products& products,
                      bool corrects_input, int64_t channel_axis) {
    const QuantParams& x = plan_.params.at(old.in(0));
    const QuantParams* y = plan_.params_of(old.out(0));
    attrs.activation = Activation::None;
    const Tensor rows =
        requantization(x, products.filter, products.opt_bias, y == nullptr ? real_numbers() : *y, corrects_input);
    if (y != nullptr && !products.filter.opt_rest) {
      attrs.to = y->dtype;
      in.resize(4, nullptr);
      in[3] = graph_.constant(rows, "requantization");
      return hold(old, graph_.add<S>(std::move(in), std::move(attrs), {}, &old), products.activation);
    }
    Builder b(graph_, old.loc, &old);
    Value* sums = exact_sums<S>(b, std::move(in), attrs, products.filter);
    if (y != nullptr)
      return hold(
          old, b.add_op<Requantize>({sums, b.constant(rows, "requantization")}, {.to = y->dtype, .axis = channel_axis}),
          products.activation);
    floats_[old.out(0)] = to_floats(b, sums, rows, products.activation, channel_axis);
    graph_.rename(floats_[old.out(0)], std::string(old.out(0)->name));
  }

  template <class S>
  static Value* exact_sums(Builder& b, std::vector<Value*> in, const typename S::Attrs& attrs,
                           const QuantizedFilter& filter) {
    Value* sums = b.add<S>(in, attrs);
    if (!filter.opt_rest) return sums;
    in[1] = b.constant(*filter.opt_rest, in[1]->name);
    return b.add<Add>({sums, b.add<S>(std::move(in), attrs)});
  }

  // activation(sum * scale + offset) along one axis.
  static Value* to_floats(Builder& b, Value* sums, const Tensor& rows, Activation activation, int64_t axis) {
    const std::vector<float> values = rows.to_f32();
    const auto count = static_cast<int64_t>(values.size() / 2);
    const auto row = [&](size_t i, Dims dims) {
      return b.constant(
          Tensor::from_f32(std::move(dims), std::span(values).subspan(i * values.size() / 2, values.size() / 2)));
    };
    Value* real = b.add<Cast>({sums}, {.to = DType::F32, .origin = Origin::Lowering});
    if (axis == 1 && count == sums->type.dims[1])
      return b.add<Scale>({real, row(0, {count}), row(1, {count})}, {.activation = activation});
    Dims dims(sums->type.dims.size(), 1);
    dims[static_cast<size_t>(axis)] = count;
    return b.add<Add>({b.add<Mul>({real, row(0, dims)}), row(1, dims)}, {.activation = activation});
  }

  void write_convolution(Op& op) {
    Conv2d::Attrs attrs;
    Products p = op.is<Conv2d>()  ? conv_products(op, attrs)
                 : op.is<Scale>() ? scale_products(op, attrs)
                                  : pool_products(op, attrs);
    attrs.pad_value = plan_.params.at(op.in(0)).zero;
    attrs.filter_zero = p.filter.zero;
    Value* weights = graph_.constant(p.filter.weights, op.is<AvgPool2d>() ? "ones" : op.in(1)->name);
    write_products<Conv2d>(op, {integer_of(op.in(0), &op), weights}, attrs, p, true, 1);
  }

  Products conv_products(const Op& op, Conv2d::Attrs& attrs) const {
    attrs = op.attrs<Conv2d>();
    const Tensor& w = op.in(1)->tensor();
    const int64_t per_channel = w.count() / w.dims()[0];
    // Two parts take twice the time: for a network that asks for these very integers.
    const WideWeights of_groups = plan_.is_stated ? WideWeights::TwoParts : WideWeights::Round;
    const WideWeights wide = attrs.group == 1 ? WideWeights::Shift : of_groups;
    return {quantize_filter(
                w, w.dims()[0], w.dims()[2] * w.dims()[3], [&](int64_t i) { return i / per_channel; }, wide),
            opt_tensor(op.in(2)), attrs.activation};
  }

  static Products scale_products(const Op& op, Conv2d::Attrs& attrs) {
    const Tensor w = Tensor(op.in(1)->tensor()).reshaped({op.in(1)->type.dims[0], 1, 1, 1});
    attrs.group = w.dims()[0];
    return {quantize_filter(
                w, w.dims()[0], 1, [](int64_t i) { return i; }, WideWeights::Round),
            opt_tensor(op.in(2)), op.attrs<Scale>().activation};
  }

  static Products pool_products(const Op& op, Conv2d::Attrs& attrs) {
    const AvgPool2d::Attrs& pool = op.attrs<AvgPool2d>();
    attrs.strides = pool.strides, attrs.pads = pool.pads, attrs.dilations = pool.dilations;
    attrs.group = op.in(0)->type.dims[1];
    const auto channels = static_cast<size_t>(attrs.group);
    const double area = double(pool.kernel[0]) * double(pool.kernel[1]);
    Products p;
    p.filter.weights = Tensor(DType::I8, {attrs.group, 1, pool.kernel[0], pool.kernel[1]});
    for (int8_t& one : p.filter.weights.as_mutable<int8_t>()) one = 1;
    p.filter.scale.assign(channels, static_cast<float>(1 / area));
    p.filter.sums.assign(channels, area);
    return p;
  }

  void write_conv_transpose(Op& op) {
    ConvTranspose2d::Attrs attrs = op.attrs<ConvTranspose2d>();
    const Tensor& w = op.in(1)->tensor();
    const Dims& d = w.dims();
    const int64_t channels = op.out(0)->type.dims[1], per_group = channels / attrs.group, taps = d[2] * d[3];
    const auto channel_of = [&](int64_t i) {
      if (attrs.filter == FilterOrder::Oihw) return i / (d[1] * taps);
      return i / (d[1] * taps) / (d[0] / attrs.group) * per_group + i / taps % d[1];
    };
    Products p{quantize_filter(w, channels, taps, channel_of, WideWeights::Round), opt_tensor(op.in(2)),
               attrs.activation};
    attrs.pad_value = plan_.params.at(op.in(0)).zero;
    Value* weights = graph_.constant(p.filter.weights, op.in(1)->name);
    write_products<ConvTranspose2d>(op, {integer_of(op.in(0), &op), weights}, attrs, p, true, 1);
  }

  // Columns of the product, and where they stand in the result.
  static int64_t columns(const Op& op, int64_t& axis) {
    const std::vector<int64_t>& order = op.attrs<MatMul>().order_y;
    const auto last = static_cast<int64_t>(op.out(0)->type.dims.size()) - 1;
    axis = last;
    for (size_t i = 0; i < order.size(); ++i)
      if (order[i] == last) axis = static_cast<int64_t>(i);
    return op.out(0)->type.dims[static_cast<size_t>(axis)];
  }

  // A constant matrix: a scale for each of its columns.
  void write_projection(Op& op) {
    MatMul::Attrs attrs = op.attrs<MatMul>();
    const Tensor& b = op.in(1)->tensor();
    int64_t axis = 0;
    const int64_t n = columns(op, axis), rows = b.dims()[b.dims().size() - 1];
    const bool is_plain = attrs.order_b.empty() && b.dims().size() >= 2;
    const auto channel_of = [&](int64_t i) { return !is_plain ? 0 : attrs.transpose_b ? i / rows % n : i % n; };
    Products p{quantize_filter(b, is_plain ? n : 1, 1, channel_of, WideWeights::Shift), opt_tensor(op.in(2)),
               attrs.activation};
    if (!is_plain) {
      p.filter.scale.assign(static_cast<size_t>(n), float(p.filter.scale.front()));
      p.filter.sums.assign(static_cast<size_t>(n), 0.0);
    }
    attrs.zero_a = plan_.params.at(op.in(0)).zero, attrs.zero_b = p.filter.zero;
    Value* weights = graph_.constant(p.filter.weights, op.in(1)->name);
    write_products<MatMul>(op, {integer_of(op.in(0), &op), weights}, attrs, p, false, axis);
  }

  // Two run-time matrices: one scale.
  void write_matmul(Op& op) {
    MatMul::Attrs attrs = op.attrs<MatMul>();
    const QuantParams &a = plan_.params.at(op.in(0)), &b = plan_.params.at(op.in(1));
    attrs.zero_a = a.zero, attrs.zero_b = b.zero;
    Products p{{Tensor(), {b.scale}, {0.0}, 0, {}}, nullptr, attrs.activation};
    int64_t axis = 0;
    columns(op, axis);
    write_products<MatMul>(op, {integer_of(op.in(0), &op), integer_of(op.in(1), &op)}, attrs, p, false, axis);
  }

  void write_table(Op& op) {
    const Tensor table = lookup_table(op, plan_.params.at(op.in(0)), plan_.params.at(op.out(0)));
    Value* entries = graph_.constant(table, "table");
    hold(op, graph_.add<Lut>({integer_of(op.in(0), &op), entries}, {}, {}, &op));
  }

  void write_sum(Op& op) {
    const QuantParams& y = plan_.params.at(op.out(0));
    const WeightedTerms t = weighted_terms({plan_.params.at(op.in(0)), plan_.params.at(op.in(1))},
                                           {1.0, op.is<Sub>() ? -1.0 : 1.0}, y, multipliers());
    Op& made = graph_.add<WeightedSum>(
        {integer_of(op.in(0), &op), integer_of(op.in(1), &op)},
        {.multipliers = t.multipliers, .scale = t.scale, .offset = t.offset, .to = y.dtype}, {}, &op);
    hold(op, made, op.is<Add>() ? op.attrs<Add>().activation : Activation::None);
  }

  void write_product(Op& op) {
    const QuantParams &a = plan_.params.at(op.in(0)), &b = plan_.params.at(op.in(1)), &y = plan_.params.at(op.out(0));
    ScaledProduct::Attrs attrs;
    attrs.zero_a = a.zero, attrs.zero_b = b.zero, attrs.to = y.dtype;
    attrs.scale = static_cast<float>(double(a.scale) * b.scale / y.scale);
    attrs.offset = static_cast<float>(y.zero);
    hold(op, graph_.add<ScaledProduct>({integer_of(op.in(0), &op), integer_of(op.in(1), &op)}, attrs, {}, &op));
  }

  void write_same_scale(Op& op) {
    const QuantParams& p = plan_.params.at(op.out(0));
    std::vector<Value*> in = op.in();
    for (size_t i = 0; i < in.size(); ++i)
      if (in[i] != nullptr && is_float(in[i]->type.dtype)) in[i] = integer_of(in[i], p, &op);
    std::any attrs = op.any_attrs();
    if (op.is<Pad>()) {
      Pad::Attrs pad = op.attrs<Pad>();
      pad.value = to_quantized(pad.value, p);
      attrs = pad;
    }
    hold(op, graph_.add_op(op.def(), std::move(attrs), std::move(in), {}, &op));
  }

  void write_outputs(const std::vector<std::string>& names) {
    std::vector<Value*> outputs;
    for (Value* old : graph_.outputs()) {
      Value* v = float_of(old, nullptr);
      if (const auto held = integers_.find(old); v != old && held != integers_.end())
        graph_.rename(held->second, old->name + "~i8");
      if (v != old) graph_.rename(v, names[outputs.size()]);
      outputs.push_back(v);
    }
    graph_.set_outputs(std::move(outputs));
  }

  Graph& graph_;
  QuantizePlan plan_;
  std::unordered_map<const Value*, Value*> integers_, floats_;  // of values of the graph as it was
};

}  // namespace

bool run_quantize(Graph& graph, PassCtx& ctx) {
  if (!ctx.options.quantization) return false;
  return Quantizer(graph, plan_quantization(graph, ctx.options.quantization(graph))).run();
}

}  // namespace tpuc
