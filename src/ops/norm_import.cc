// ONNX rules of the normalizations.
#include <algorithm>
#include <numeric>

#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tpuc::ops {
namespace {

bool wants_output(const NodeView& node, size_t i) {
  return node.output_names.size() > i && !node.output_names[i].empty();
}

void refuse_output(const NodeView& node, size_t i, std::string_view what) {
  if (wants_output(node, i))
    refuse(node, fmt::format("the output {} is used", what), "only the normalized values are supported");
}

// Statistics computed at run time: s = gamma / sqrt(var + epsilon), t = beta - mean * s, spelled out.
Value* scale_by_statistics(const NodeView& node, float epsilon, Builder& b) {
  Value* deviation =
      b.add<Sqrt>({b.add<Add>({node.input(4), scalar_like(b, node.input(4), static_cast<double>(epsilon))})});
  Value* s = b.add<Div>({node.input(1), deviation});
  Value* t = b.add<Sub>({node.input(2), b.add<Mul>({node.input(3), s})});
  return b.add<Scale>({node.input(0), s, t});
}

Values import_batch_norm(const NodeView& node, Builder& b) {
  if (node.get_int("training_mode", 0) != 0 || (node.opset < 7 && node.get_int("is_test", 0) == 0))
    refuse(node, "it is in training mode", "export the model in evaluation mode (model.eval() in PyTorch)");
  if (node.get_int("spatial", 1) == 0)
    refuse(node, "spatial is 0: statistics per element", "a Mul and an Add by constants mean the same");
  const float epsilon = node.get_float("epsilon", 1e-5f);
  bool known = true;
  for (size_t i = 1; i < 5; ++i) known = known && node.input(i)->is_constant();
  if (!known) return {scale_by_statistics(node, epsilon, b)};
  return {b.add<BatchNorm>({node.input(0), node.input(1), node.input(2), node.input(3), node.input(4)},
                           {.epsilon = epsilon})};
}

int64_t trailing_axis(const NodeView& node) {
  const auto rank = static_cast<int64_t>(node.input(0)->type.dims.size());
  const int64_t axis = node.get_int("axis", -1);
  return axis < 0 ? axis + rank : axis;
}

// Over the axes from `axis` on.
Value* mean_from(Builder& b, Value* x, int64_t axis) {
  std::vector<int64_t> axes(x->type.dims.size() - static_cast<size_t>(axis));
  std::iota(axes.begin(), axes.end(), axis);
  return b.add<Reduce>({x}, {ReduceKind::Mean, std::move(axes), true});
}

Value* inverse_deviation(Builder& b, Value* centred, int64_t axis, float epsilon) {
  Value* variance = mean_from(b, b.add<Mul>({centred, centred}), axis);
  Value* deviation = b.add<Sqrt>({b.add<Add>({variance, scalar_like(b, variance, static_cast<double>(epsilon))})});
  return b.add<Reciprocal>({deviation});
}

Values import_layer_norm(const NodeView& node, Builder& b) {
  const int64_t axis = trailing_axis(node);
  const float epsilon = node.get_float("epsilon", 1e-5f);
  Values in = {node.input(0), node.input(1)};
  if (node.has_input(2)) in.push_back(node.input(2));
  Values results{b.add<LayerNorm>(in, {.axis = axis, .epsilon = epsilon})};
  const bool wants_deviation = wants_output(node, 2);
  if (wants_output(node, 1) || wants_deviation) {
    Value* x = node.input(0);
    Value* mean = mean_from(b, x, axis);
    results.push_back(mean);
    if (wants_deviation) results.push_back(inverse_deviation(b, b.add<Sub>({x, mean}), axis, epsilon));
  }
  results.resize(node.output_names.size(), nullptr);
  return results;
}

Values import_rms_norm(const NodeView& node, Builder& b) {
  refuse_output(node, 1, "InvStdDev");
  return {b.add<RmsNorm>(node.in, {.axis = trailing_axis(node), .epsilon = node.get_float("epsilon", 1e-5f)})};
}

Values import_instance_norm(const NodeView& node, Builder& b) {
  return {b.add<InstanceNorm>(node.in, {.epsilon = node.get_float("epsilon", 1e-5f)})};
}

Values import_group_norm(const NodeView& node, Builder& b) {
  return {b.add<GroupNorm>(node.in,
                           {.groups = node.get_int("num_groups", 1), .epsilon = node.get_float("epsilon", 1e-5f)})};
}

// Before opset 21 gamma and beta have one entry per group.
Values import_group_norm_18(const NodeView& node, Builder& b) {
  NodeView by_channel = node;
  const Dims& dims = node.input(0)->type.dims;
  const int64_t groups = node.get_int("num_groups", 1), channels = dims.size() > 1 ? dims[1] : 1;
  for (size_t i = 1; i < 3 && groups > 0 && channels % groups == 0; ++i) {
    Value* column = b.add<Reshape>({node.input(i)}, {.shape = {groups, 1}});
    Value* repeated = b.add<Expand>({column}, {.shape = {groups, channels / groups}});
    by_channel.in[i] = b.add<Reshape>({repeated}, {.shape = {channels}});
  }
  return import_group_norm(by_channel, b);
}

Values import_lrn(const NodeView& node, Builder& b) {
  return {b.add<Lrn>({node.input(0)}, {.size = node.get_int("size", 1),
                                       .alpha = node.get_float("alpha", 1e-4f),
                                       .beta = node.get_float("beta", 0.75f),
                                       .bias = node.get_float("bias", 1.0f)})};
}

}  // namespace

std::span<const ImportRule> BatchNorm::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.BatchNormalization", 1, kLastOpset, import_batch_norm}};
  return kRules;
}
std::span<const ImportRule> LayerNorm::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.LayerNormalization", 1, kLastOpset, import_layer_norm}};
  return kRules;
}
std::span<const ImportRule> RmsNorm::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.RMSNormalization", 1, kLastOpset, import_rms_norm},
                                          {"onnx.SimplifiedLayerNormalization", 1, kLastOpset, import_rms_norm}};
  return kRules;
}
std::span<const ImportRule> GroupNorm::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.GroupNormalization", 18, 20, import_group_norm_18},
                                          {"onnx.GroupNormalization", 21, kLastOpset, import_group_norm}};
  return kRules;
}
std::span<const ImportRule> InstanceNorm::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.InstanceNormalization", 6, kLastOpset, import_instance_norm}};
  return kRules;
}
std::span<const ImportRule> Lrn::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.LRN", 1, kLastOpset, import_lrn}};
  return kRules;
}

}  // namespace tpuc::ops
