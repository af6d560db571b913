// ONNX rules of reshape, permute, expand and tile, and of the nodes that are reshapes or nothing at all.
#include <algorithm>

#include "ops/constant_import.h"
#include "ops/import.h"
#include "ops/shape.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {

namespace {

// 0 copies x's dimension (unless allowzero), one -1 takes what is left.
Dims resolve_shape(const NodeView& n, const Dims& x, std::vector<int64_t> shape) {
  const bool copy_zero = n.opset < 14 || n.get_int("allowzero", 0) == 0;
  int64_t known = 1;
  std::ptrdiff_t open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && copy_zero) {
      if (i >= x.size())
        throw UserError(diagnostic(ErrorCode::E1206, "Reshape: entry {} of {} copies an axis that {} does not have", i,
                                   to_string(shape), to_string(x)));
      shape[i] = x[i];
    }
    if (shape[i] == -1 && open < 0) {
      open = static_cast<std::ptrdiff_t>(i);
      continue;
    }
    const auto product = checked_mul(known, shape[i]);
    if (shape[i] < 0 || !product)
      throw UserError(diagnostic(ErrorCode::E1208, "Reshape: {} is no shape", to_string(shape))
                          .note("hint", "dimensions are >= 0, and one of them may be -1"));
    known = *product;
  }
  if (open < 0) return shape;
  const int64_t count = element_count(x);
  if (known == 0 || count % known != 0)
    throw UserError(diagnostic(ErrorCode::E1207, "Reshape: {} elements of {} cannot fill {}", count, to_string(x),
                               to_string(shape)));
  shape[static_cast<size_t>(open)] = count / known;
  return shape;
}

Values import_reshape(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  auto shape = n.opset < 5 ? n.get_ints("shape") : n.constant_ints(1);
  return {reshape(b, x, resolve_shape(n, x->type.dims, std::move(shape)))};
}

Values import_flatten(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const Dims& dims = x->type.dims;
  const auto rank = static_cast<int64_t>(dims.size());
  int64_t axis = n.get_int("axis", 1);
  if (axis != rank) axis = wrap_axis(n, axis, dims.size());
  const auto split = dims.begin() + axis;
  return {reshape(b, x, {element_count(Dims(dims.begin(), split)), element_count(Dims(split, dims.end()))})};
}

Values import_squeeze(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const IntList list = ints_of(n, "axes", 1, 13);
  const auto axes = wrap_axes(n, list.values, x->type.dims.size());
  Dims dims;
  for (size_t i = 0; i < x->type.dims.size(); ++i) {
    const int64_t d = x->type.dims[i];
    const bool named = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (named && d != 1)
      throw UserError(diagnostic(ErrorCode::E1209, "Squeeze: axis {} of {} is not 1", i, to_string(x->type.dims)));
    if (list.given ? !named : d != 1) dims.push_back(d);
  }
  return {reshape(b, x, std::move(dims))};
}

Values import_unsqueeze(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const IntList list = ints_of(n, "axes", 1, 13);
  const size_t rank = x->type.dims.size() + list.values.size();
  auto axes = wrap_axes(n, list.values, rank);
  std::sort(axes.begin(), axes.end());
  Dims dims = x->type.dims;
  for (const int64_t axis : axes) dims.insert(dims.begin() + axis, 1);
  return {reshape(b, x, std::move(dims))};
}

Values import_identity(const NodeView& n, Builder&) { return {n.input(0)}; }

// In inference, and with a ratio of 0, nothing is dropped: the second output, the mask, is all true.
Values import_dropout(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const bool training = n.opset >= 12  ? n.has_input(2) && constant_number(n, 2) != 0
                        : n.opset >= 7 ? false
                                       : n.get_int("is_test", 0) == 0 && n.output_names.size() > 1;
  const double ratio =
      n.opset >= 12 ? (n.has_input(1) ? constant_number(n, 1) : 0.5) : static_cast<double>(n.get_float("ratio", 0.5f));
  if (training && ratio != 0) refuse(n, "in training mode", "export the model for inference");
  if (n.output_names.size() < 2 || n.output_names[1].empty()) return {x};
  Tensor mask(n.opset >= 10 ? DType::Bool : x->type.dtype, x->type.dims);
  mask.assign_f32(std::vector<float>(static_cast<size_t>(mask.count()), 1.0f));
  return {x, b.constant(std::move(mask))};
}

Values import_transpose(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  std::vector<int64_t> reversed(x->type.dims.size());
  for (size_t i = 0; i < reversed.size(); ++i) reversed[i] = static_cast<int64_t>(reversed.size() - 1 - i);
  auto order = wrap_axes(n, n.get_ints("perm", reversed), reversed.size());
  if (std::is_sorted(order.begin(), order.end()) && order.size() == reversed.size()) return {x};
  return {b.add<Permute>({x}, {.order = std::move(order)})};
}

// The shape may be shorter than x, or hold ones where x is longer.
Values import_expand(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const Dims wish = n.constant_ints(1);
  const auto shape = broadcast(x->type.dims, wish);
  if (!shape || std::any_of(wish.begin(), wish.end(), [](int64_t d) { return d < 0; }))
    throw UserError(
        diagnostic(ErrorCode::E1203, "Expand: {} and {} do not broadcast", to_string(x->type.dims), to_string(wish)));
  if (*shape == x->type.dims) return {x};
  return {b.add<Expand>({x}, {.shape = *shape})};
}

// Opset 1 gave one count and one axis.
Values import_tile(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  auto repeats = n.constant_ints(1);
  if (n.opset < 6) {
    const auto axes = wrap_axes(n, n.constant_ints(2), x->type.dims.size());
    std::vector<int64_t> all(x->type.dims.size(), 1);
    if (axes.size() != 1 || repeats.size() != 1) refuse(n, "more than one axis in opset 1", "export with opset 13");
    all[static_cast<size_t>(axes[0])] = repeats[0];
    repeats = std::move(all);
  }
  return {b.add<Tile>({x}, {.repeats = std::move(repeats)})};
}

}  // namespace

std::span<const ImportRule> Reshape::imports() {
  static constexpr ImportRule kRules[] = {
      {"onnx.Reshape", 1, kLastOpset, import_reshape},   {"onnx.Flatten", 1, kLastOpset, import_flatten},
      {"onnx.Squeeze", 1, kLastOpset, import_squeeze},   {"onnx.Unsqueeze", 1, kLastOpset, import_unsqueeze},
      {"onnx.Identity", 1, kLastOpset, import_identity}, {"onnx.Dropout", 1, kLastOpset, import_dropout},
      {"onnx.Shape", 1, kLastOpset, import_shape},       {"onnx.Size", 1, kLastOpset, import_size},
      {"onnx.Constant", 1, kLastOpset, import_constant},
  };
  return kRules;
}
std::span<const ImportRule> Permute::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Transpose", 1, kLastOpset, import_transpose}};
  return kRules;
}
std::span<const ImportRule> Expand::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Expand", 8, kLastOpset, import_expand},
                                          {"onnx.ConstantOfShape", 9, kLastOpset, import_constant_of_shape},
                                          {"onnx.EyeLike", 9, kLastOpset, import_eye_like},
                                          {"onnx.Range", 11, kLastOpset, import_range}};
  return kRules;
}
std::span<const ImportRule> Tile::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Tile", 1, kLastOpset, import_tile}};
  return kRules;
}

}  // namespace tpuc::ops
