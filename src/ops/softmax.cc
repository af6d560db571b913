// Softmax and its logarithm: shape inference, reference evaluation, ONNX rules.
#include "ops/softmax.h"

#include <algorithm>
#include <cmath>

#include "ops/eltwise.h"
#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/infer_check.h"
#include "ops/loss_import.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {
namespace {

std::vector<TensorType> infer_softmax(const InferCtx& ctx, int64_t axis) {
  require_floats(ctx);
  require_axis(ctx, 0, axis);
  return {like_input(ctx, ctx.dims(0))};
}

enum class Kind : uint8_t { Plain, Log };

// One line of `length` elements, `stride` apart.
template <class T>
void softmax_line(T* x, size_t length, size_t stride, Kind kind) {
  T top = x[0];
  for (size_t i = 1; i < length; ++i) top = std::max(top, x[i * stride]);
  double sum = 0;
  for (size_t i = 0; i < length; ++i) sum += std::exp(static_cast<double>(x[i * stride]) - static_cast<double>(top));
  for (size_t i = 0; i < length; ++i) {
    const double shifted = static_cast<double>(x[i * stride]) - static_cast<double>(top);
    x[i * stride] = static_cast<T>(kind == Kind::Log ? shifted - std::log(sum) : std::exp(shifted) / sum);
  }
}

template <class T>
void eval_softmax(const Tensor& x, int64_t axis, Kind kind, Tensor& out) {
  std::vector<T> y = elements<T>(x);
  const Dims& d = x.dims();
  const auto length = static_cast<size_t>(d[static_cast<size_t>(axis)]);
  const auto inner = static_cast<size_t>(element_count(Dims(d.begin() + axis + 1, d.end())));
  for (size_t start = 0; start < y.size(); start += length * inner)
    for (size_t i = 0; i < inner; ++i) softmax_line(y.data() + start + i, length, inner, kind);
  store(out, y);
}

void eval_any(const Tensor& x, int64_t axis, Kind kind, Tensor& out) {
  if (x.dtype() == DType::F64) return eval_softmax<double>(x, axis, kind, out);
  eval_softmax<float>(x, axis, kind, out);
}

int64_t axis_of(const NodeView& node, int64_t fallback) {
  const int64_t axis = node.get_int("axis", fallback);
  return axis < 0 ? axis + static_cast<int64_t>(node.input(0)->type.dims.size()) : axis;
}

template <class S>
Values import_softmax(const NodeView& node, Builder& b) {
  return {b.add<S>({node.input(0)}, {.axis = axis_of(node, -1)})};
}

// Before opset 13 the axes from `axis` on are one axis.
template <class S>
Values import_flattening(const NodeView& node, Builder& b) {
  const Dims& d = node.input(0)->type.dims;
  const int64_t axis = axis_of(node, 1), rank = static_cast<int64_t>(d.size());
  if (axis < 0 || axis >= rank)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: axis {} of a tensor with {} dimensions", node.op, axis, rank)
                        .note("input", to_string(node.input(0)->type)));
  if (axis == rank - 1) return {b.add<S>({node.input(0)}, {.axis = axis})};
  const Dims flat{element_count(Dims(d.begin(), d.begin() + axis)), element_count(Dims(d.begin() + axis, d.end()))};
  Value* rows = b.add<Reshape>({node.input(0)}, {.shape = flat});
  return {b.add<Reshape>({b.add<S>({rows}, {.axis = 1})}, {.shape = d})};
}

// x minus the largest of each line: for lines that a chip's kernel does not hold.
Value* below_top(Builder& b, Value* x, int64_t axis) {
  return b.add<Sub>({x, b.add<Reduce>({x}, {ReduceKind::Max, {axis}, true})});
}
Value* sum_of(Builder& b, Value* x, int64_t axis) { return b.add<Reduce>({x}, {ReduceKind::Sum, {axis}, true}); }

}  // namespace

std::vector<TensorType> Softmax::infer(const InferCtx& ctx, const Attrs& a) { return infer_softmax(ctx, a.axis); }
void Softmax::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) { eval_any(in[0], a.axis, Kind::Plain, out[0]); }
std::span<const ImportRule> Softmax::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Softmax", 1, 12, import_flattening<Softmax>},
                                          {"onnx.Softmax", 13, kLastOpset, import_softmax<Softmax>}};
  return kRules;
}

Values Softmax::decompose(const Op& op, Builder& b) {
  const int64_t axis = op.attrs<Softmax>().axis;
  Value* e = b.add<Exp>({below_top(b, op.in(0), axis)});
  return {b.add<Mul>({e, b.add<Reciprocal>({sum_of(b, e, axis)})})};
}

std::vector<TensorType> LogSoftmax::infer(const InferCtx& ctx, const Attrs& a) { return infer_softmax(ctx, a.axis); }
void LogSoftmax::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  eval_any(in[0], a.axis, Kind::Log, out[0]);
}
std::span<const ImportRule> LogSoftmax::imports() {
  static constexpr ImportRule kRules[] = {
      {"onnx.LogSoftmax", 1, 12, import_flattening<LogSoftmax>},
      {"onnx.LogSoftmax", 13, kLastOpset, import_softmax<LogSoftmax>},
      {"onnx.NegativeLogLikelihoodLoss", 12, kLastOpset, import_negative_log_likelihood},
      {"onnx.SoftmaxCrossEntropyLoss", 12, kLastOpset, import_cross_entropy}};
  return kRules;
}

Values LogSoftmax::decompose(const Op& op, Builder& b) {
  const int64_t axis = op.attrs<LogSoftmax>().axis;
  Value* x = below_top(b, op.in(0), axis);
  return {b.add<Sub>({x, b.add<Log>({sum_of(b, b.add<Exp>({x}), axis)})})};
}

std::span<const OpDef> softmax_ops() {
  static const OpDef table[] = {def<Softmax>(), def<LogSoftmax>()};
  return table;
}

}  // namespace tpuc::ops
