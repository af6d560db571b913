// Filters become bytes, sums of products are requantized; where only floats read a sum, it stays exact.
#include "passes/quantize_products.h"

#include <algorithm>

#include "ops/activation.h"
#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "passes/filter_layout.h"

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

// Every window has the same divisor, the kernel's area.
bool divides_by_area(const AvgPool2d::Attrs& a) {
  const bool no_pads = std::all_of(a.pads.begin(), a.pads.end(), [](int64_t p) { return p == 0; });
  const bool no_extra = std::all_of(a.end_extra.begin(), a.end_extra.end(), [](int64_t p) { return p == 0; });
  return no_extra && (no_pads || a.count_include_pad);
}

// scale / divisor of every output position.
Tensor divisor_map(const Op& pool, float scale) {
  const auto& a = pool.attrs<AvgPool2d>();
  const Dims &x = pool.in(0)->type.dims, &y = pool.out(0)->type.dims;
  std::vector<float> map;
  for (int64_t h = 0; h < y[2]; ++h)
    for (int64_t w = 0; w < y[3]; ++w) {
      const auto count = static_cast<double>(avg_pool_count(a, 0, x[2], h) * avg_pool_count(a, 1, x[3], w));
      map.push_back(count == 0 ? 0.0f : static_cast<float>(scale / count));
    }
  return Tensor::from_f32({1, 1, y[2], y[3]}, map);
}

class ProductWriter {
 public:
  explicit ProductWriter(QuantizedValues& values) : values_(values), graph_(values.graph()), plan_(values.plan()) {}

  void write_convolution(Op& op) {
    Conv2d::Attrs attrs;
    Products p = op.is<Conv2d>()  ? conv_products(op, attrs)
                 : op.is<Scale>() ? scale_products(op, attrs)
                                  : pool_products(op, attrs);
    attrs.pad_value = values_.params(op.in(0)).zero;
    attrs.filter_zero = p.filter.zero;
    Value* weights = graph_.constant(p.filter.weights, op.is<AvgPool2d>() ? "ones" : op.in(1)->name);
    if (op.is<AvgPool2d>() && !divides_by_area(op.attrs<AvgPool2d>())) return write_uneven_pool(op, weights, attrs);
    write_products<Conv2d>(op, {values_.integer_of(op.in(0), &op), weights}, attrs, p, true, 1);
  }

  // Padding is left out of the mean: sums over the window, in which padding is the zero point, are divided in floats by
  // what each position counts.
  void write_uneven_pool(Op& op, Value* ones, const Conv2d::Attrs& attrs) {
    const QuantParams& x = values_.params(op.in(0));
    Builder b(graph_, op.loc, &op);
    Value* y = b.add<Conv2d>({values_.integer_of(op.in(0), &op), ones}, attrs);
    y = b.add<Cast>({y}, {.to = DType::F32, .origin = Origin::Lowering});
    const int64_t area = ones->type.dims[2] * ones->type.dims[3];
    if (x.zero != 0)
      y = b.add<Add>({y, b.constant(Tensor::from_f32({1}, std::vector{static_cast<float>(-x.zero * area)}))});
    y = b.add<Mul>({y, b.constant(divisor_map(op, x.scale))});
    const QuantParams* to = plan_.params_of(op.out(0));
    if (to == nullptr) return values_.hold_floats(op, y);
    values_.hold(op, b.add_op<Quantize>({y}, {.to = to->dtype, .scale = to->scale, .zero = to->zero}));
  }

  void write_conv_transpose(Op& op) {
    ConvTranspose2d::Attrs attrs = op.attrs<ConvTranspose2d>();
    Products p{quantized_weights(op, *filter_layout(op), plan_.is_stated), opt_tensor(op.in(2)), attrs.activation};
    attrs.pad_value = values_.params(op.in(0)).zero;
    Value* weights = graph_.constant(p.filter.weights, op.in(1)->name);
    write_products<ConvTranspose2d>(op, {values_.integer_of(op.in(0), &op), weights}, attrs, p, true, 1);
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
    attrs.zero_a = values_.params(op.in(0)).zero, attrs.zero_b = p.filter.zero;
    Value* weights = graph_.constant(p.filter.weights, op.in(1)->name);
    write_products<MatMul>(op, {values_.integer_of(op.in(0), &op), weights}, attrs, p, false, axis);
  }

  // Two run-time matrices: one scale.
  void write_matmul(Op& op) {
    MatMul::Attrs attrs = op.attrs<MatMul>();
    const QuantParams &a = values_.params(op.in(0)), &b = values_.params(op.in(1));
    attrs.zero_a = a.zero, attrs.zero_b = b.zero;
    Products p{{Tensor(), {b.scale}, {0.0}, 0, {}}, nullptr, attrs.activation};
    int64_t axis = 0;
    columns(op, axis);
    write_products<MatMul>(op, {values_.integer_of(op.in(0), &op), values_.integer_of(op.in(1), &op)}, attrs, p, false,
                           axis);
  }

 private:
  // The two forms of a sum of products: requantized to 8 bits, or, where only floats read it, exact.
  template <class S>
  void write_products(Op& old, std::vector<Value*> in, typename S::Attrs attrs, const Products& products,
                      bool corrects_input, int64_t channel_axis) {
    const QuantParams& x = values_.params(old.in(0));
    const QuantParams* y = plan_.params_of(old.out(0));
    attrs.activation = Activation::None;
    const Tensor rows =
        requantization(x, products.filter, products.opt_bias, y == nullptr ? real_numbers() : *y, corrects_input);
    if (y != nullptr && !products.filter.opt_rest) {
      attrs.to = y->dtype;
      in.resize(4, nullptr);
      in[3] = graph_.constant(rows, "requantization");
      return values_.hold(old, graph_.add<S>(std::move(in), std::move(attrs), {}, &old), products.activation);
    }
    Builder b(graph_, old.loc, &old);
    Value* sums = exact_sums<S>(b, std::move(in), attrs, products.filter);
    if (y != nullptr)
      return values_.hold(
          old, b.add_op<Requantize>({sums, b.constant(rows, "requantization")}, {.to = y->dtype, .axis = channel_axis}),
          products.activation);
    if (plan_.sums.contains(old.out(0))) return values_.hold_sums(old, rows_of(sums, rows, channel_axis));
    values_.hold_floats(old, to_floats(b, sums, rows, products.activation, channel_axis));
  }

  template <class S>
  static Value* exact_sums(Builder& b, std::vector<Value*> in, const typename S::Attrs& attrs,
                           const QuantizedFilter& filter) {
    Value* sums = b.add<S>(in, attrs);
    if (!filter.opt_rest) return sums;
    in[1] = b.constant(*filter.opt_rest, in[1]->name);
    return b.add<Add>({sums, b.add<S>(std::move(in), attrs)});
  }

  static ExactSums rows_of(Value* sums, const Tensor& rows, int64_t axis) {
    const std::vector<double> values = rows.to_f64();
    const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    return {sums, {values.begin(), half}, {half, values.end()}, axis};
  }

  // activation(sum * scale + offset) along one axis.
  static Value* to_floats(Builder& b, Value* sums, const Tensor& rows, Activation activation, int64_t axis) {
    const std::vector<float> values = rows.to_f32();
    const auto count = static_cast<int64_t>(values.size() / 2);
    if (count == 1 && values[1] == 0 && activation == Activation::None && positive_scale(values[0]) == values[0])
      return b.add<Dequantize>({sums}, {.to = DType::F32, .scale = values[0]});
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

  Products conv_products(const Op& op, Conv2d::Attrs& attrs) const {
    attrs = op.attrs<Conv2d>();
    return {quantized_weights(op, *filter_layout(op), plan_.is_stated), opt_tensor(op.in(2)), attrs.activation};
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

  // Columns of the product, and where they stand in the result.
  static int64_t columns(const Op& op, int64_t& axis) {
    const std::vector<int64_t>& order = op.attrs<MatMul>().order_y;
    const auto last = static_cast<int64_t>(op.out(0)->type.dims.size()) - 1;
    axis = last;
    for (size_t i = 0; i < order.size(); ++i)
      if (order[i] == last) axis = static_cast<int64_t>(i);
    return op.out(0)->type.dims[static_cast<size_t>(axis)];
  }

  QuantizedValues& values_;
  Graph& graph_;
  const QuantizePlan& plan_;
};

}  // namespace

void quantize_convolution(Op& op, QuantizedValues& values) {
  ProductWriter writer(values);
  op.is<ConvTranspose2d>() ? writer.write_conv_transpose(op) : writer.write_convolution(op);
}

void quantize_matmul(Op& op, QuantizedValues& values) {
  ProductWriter writer(values);
  op.in(1)->is_constant() ? writer.write_projection(op) : writer.write_matmul(op);
}

}  // namespace tpuc
