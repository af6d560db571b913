// ONNX rules of the reductions: axes come as an attribute or, from opset 13 (ReduceSum) and 18 (others), as an input.
#include <algorithm>
#include <numeric>

#include "ops/axis_import.h"
#include "ops/einsum_import.h"
#include "ops/eltwise.h"
#include "ops/rare_norm_import.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {
namespace {

// Ascending, non-negative; all axes where none are named, no axes where noop_with_empty_axes says so.
std::vector<int64_t> axes_of(const NodeView& node) {
  const auto rank = static_cast<int64_t>(node.input(0)->type.dims.size());
  std::vector<int64_t> axes = node.has_input(1) ? node.constant_ints(1) : node.get_ints("axes");
  if (axes.empty() && node.get_int("noop_with_empty_axes", 0) == 0) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t& axis : axes)
    if (axis < 0) axis += rank;
  std::sort(axes.begin(), axes.end());
  return axes;
}

Value* reduce(const NodeView& node, Builder& b, Value* x, ReduceKind kind, bool keep) {
  const std::vector<int64_t> axes = axes_of(node);
  return axes.empty() ? x : b.add<Reduce>({x}, {.kind = kind, .axes = axes, .keep_dims = keep});
}

bool keeps_dims(const NodeView& node) { return node.get_int("keepdims", 1) != 0; }

template <ReduceKind kKind>
Values import_reduce(const NodeView& node, Builder& b) {
  return {reduce(node, b, node.input(0), kKind, keeps_dims(node))};
}

Values import_log_sum(const NodeView& node, Builder& b) {
  return {b.add<Log>({reduce(node, b, node.input(0), ReduceKind::Sum, keeps_dims(node))})};
}

// log(sum(exp(x))) = top + log(sum(exp(x - top))): no overflow.
Values import_log_sum_exp(const NodeView& node, Builder& b) {
  Value* top = reduce(node, b, node.input(0), ReduceKind::Max, true);
  Value* powers = b.add<Exp>({b.add<Sub>({node.input(0), top})});
  Value* result = b.add<Add>({b.add<Log>({reduce(node, b, powers, ReduceKind::Sum, true)}), top});
  if (keeps_dims(node)) return {result};
  const std::vector<int64_t> axes = axes_of(node);
  Dims dims;
  for (size_t i = 0; i < result->type.dims.size(); ++i)
    if (!std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i))) dims.push_back(result->type.dims[i]);
  return {b.add<Reshape>({result}, {.shape = dims})};
}

template <class S>
Values import_arg(const NodeView& node, Builder& b) {
  const auto rank = static_cast<int64_t>(node.input(0)->type.dims.size());
  ArgAttrs a;
  a.axis = node.get_int("axis", 0);
  if (a.axis < 0) a.axis += rank;
  a.keep_dims = keeps_dims(node);
  a.select_last = node.get_int("select_last_index", 0) != 0;
  return {b.add<S>({node.input(0)}, a)};
}

}  // namespace

std::span<const ImportRule> Reduce::imports() {
  using enum ReduceKind;
  static constexpr ImportRule kRules[] = {
      {"onnx.ReduceSum", 1, kLastOpset, import_reduce<Sum>},
      {"onnx.ReduceMean", 1, kLastOpset, import_reduce<Mean>},
      {"onnx.ReduceMax", 1, kLastOpset, import_reduce<Max>},
      {"onnx.ReduceMin", 1, kLastOpset, import_reduce<Min>},
      {"onnx.ReduceProd", 1, kLastOpset, import_reduce<Prod>},
      {"onnx.ReduceL1", 1, kLastOpset, import_reduce<L1>},
      {"onnx.ReduceL2", 1, kLastOpset, import_reduce<L2>},
      {"onnx.ReduceSumSquare", 1, kLastOpset, import_reduce<SumSquare>},
      {"onnx.ReduceLogSum", 1, kLastOpset, import_log_sum},
      {"onnx.ReduceLogSumExp", 1, kLastOpset, import_log_sum_exp},
      {"onnx.LpNormalization", 1, kLastOpset, import_lp_normalization},
      {"onnx.MeanVarianceNormalization", 9, kLastOpset, import_mean_variance_normalization},
      {"onnx.Einsum", 12, kLastOpset, import_einsum}};
  return kRules;
}

std::span<const ImportRule> ArgMax::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.ArgMax", 1, kLastOpset, import_arg<ArgMax>},
                                          {"onnx.TopK", 1, kLastOpset, import_top_k},
                                          {"onnx.Hardmax", 1, kLastOpset, import_hardmax}};
  return kRules;
}

std::span<const ImportRule> ArgMin::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.ArgMin", 1, kLastOpset, import_arg<ArgMin>}};
  return kRules;
}

}  // namespace tpuc::ops
