// ONNX rules of gather and scatter. Indices known at import that are a scalar or a regular sequence make a slice.
#include <algorithm>

#include "ops/axis_import.h"
#include "ops/constant_import.h"
#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/import.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

// Constant indices, none negative; E1210 for one outside the axis.
std::vector<int64_t> known_indices(const NodeView& n, size_t i, int64_t dim) {
  auto indices = n.constant_ints(i);
  for (int64_t& index : indices) {
    if (index < -dim || index >= dim)
      throw UserError(diagnostic(ErrorCode::E1210, "{}: index {} of an axis of {} elements", n.op, index, dim));
    if (index < 0) index += dim;
  }
  return indices;
}

// The common distance of neighbours; 0 when there is none that a slice can have.
int64_t regular_step(const std::vector<int64_t>& indices) {
  if (indices.size() < 2) return 1;
  const int64_t step = indices[1] - indices[0];
  for (size_t i = 1; i < indices.size(); ++i)
    if (indices[i] - indices[i - 1] != step) return 0;
  return step;
}

Values import_gather(const NodeView& n, Builder& b) {
  Value *x = n.input(0), *indices = n.input(1);
  const Dims& dims = x->type.dims;
  const int64_t axis = wrap_axis(n, n.get_int("axis", 0), dims.size());
  const auto at = static_cast<size_t>(axis);
  if (!indices->is_constant()) return {b.add<Gather>({x, indices}, {.axis = axis})};
  const auto known = known_indices(n, 1, dims[at]);
  const int64_t step = regular_step(known);
  if (known.empty() || step == 0)
    return {b.add<Gather>({x, b.constant(Tensor::from_i64(indices->type.dims, known))}, {.axis = axis})};
  Slice::Attrs a{
      .starts = std::vector<int64_t>(dims.size(), 0), .steps = std::vector<int64_t>(dims.size(), 1), .sizes = dims};
  a.starts[at] = known[0];
  a.steps[at] = step;
  a.sizes[at] = static_cast<int64_t>(known.size());
  const bool all = step == 1 && a.sizes == dims;
  Value* y = all ? x : b.add<Slice>({x}, std::move(a));
  Dims shape = dims;
  const auto gap = shape.erase(shape.begin() + axis);
  shape.insert(gap, indices->type.dims.begin(), indices->type.dims.end());
  return {reshape(b, y, std::move(shape))};
}

Values import_gather_elements(const NodeView& n, Builder& b) {
  const int64_t axis = wrap_axis(n, n.get_int("axis", 0), n.input(0)->type.dims.size());
  return {b.add<GatherElements>({n.input(0), n.input(1)}, {.axis = axis})};
}

Values import_gather_nd(const NodeView& n, Builder& b) {
  return {b.add<GatherNd>({n.input(0), n.input(1)}, {.batch_dims = n.get_int("batch_dims", 0)})};
}

ScatterKind scatter_kind(const NodeView& n) {
  static constexpr std::pair<std::string_view, ScatterKind> kKinds[] = {{"none", ScatterKind::Replace},
                                                                        {"add", ScatterKind::Add},
                                                                        {"mul", ScatterKind::Mul},
                                                                        {"min", ScatterKind::Min},
                                                                        {"max", ScatterKind::Max}};
  const std::string name = n.get_string("reduction", "none");
  for (const auto& [kind_name, kind] : kKinds)
    if (kind_name == name) return kind;
  refuse(n, fmt::format("reduction `{}`", name), "none, add, mul, min and max are supported");
}

Values import_scatter_nd(const NodeView& n, Builder& b) {
  return {b.add<ScatterNd>({n.input(0), n.input(1), n.input(2)}, {.kind = scatter_kind(n)})};
}

constexpr int64_t kMostOffsetBytes = int64_t{1} << 31;

// For each element of `indices` how far into x it leads by all axes but one.
std::vector<int64_t> offsets_beside(const Dims& indices, const Dims& x, size_t axis) {
  const Dims strides = row_major_strides(x);
  std::vector<int64_t> offsets{0};
  for (size_t i = 0; i < indices.size(); ++i) {
    std::vector<int64_t> inner;
    for (const int64_t o : offsets)
      for (int64_t k = 0; k < indices[i]; ++k) inner.push_back(i == axis ? o : o + k * strides[i]);
    offsets = std::move(inner);
  }
  return offsets;
}

// Single elements are rows of one element of the flattened tensor.
Values import_scatter_elements(const NodeView& n, Builder& b) {
  Value *x = n.input(0), *index = n.input(1), *updates = n.input(2);
  const Dims &d = x->type.dims, &u = index->type.dims;
  const auto axis = static_cast<size_t>(wrap_axis(n, n.get_int("axis", 0), d.size()));
  bool fits = u.size() == d.size() && updates->type.dims == u;
  for (size_t i = 0; fits && i < u.size(); ++i) fits = i == axis || u[i] <= d[i];
  if (!fits)
    throw UserError(diagnostic(ErrorCode::E1209, "{}: indices {} and updates {} do not lie in {}", n.op, to_string(u),
                               to_string(updates->type.dims), to_string(d)));
  if (!is_sane(u, DType::I64, kMostOffsetBytes))
    throw UserError(diagnostic(ErrorCode::E1023, "{}: indices {}", n.op, to_string(u))
                        .note("hint", "the places they lead to, a constant made at import, have at most 2 GiB"));
  Value* place = wrapped_index(b, index, d[axis]);
  place = b.add<Mul>({place, scalar_like(b, index, static_cast<double>(row_major_strides(d)[axis]))});
  Value* beside = b.constant(Tensor::from_i64(u, offsets_beside(u, d, axis)));
  place = b.add<Add>({place, cast(b, beside, index->type.dtype)});
  const int64_t count = element_count(u);
  Value* y =
      b.add<ScatterNd>({reshape(b, x, {element_count(d)}), reshape(b, place, {count, 1}), reshape(b, updates, {count})},
                       {.kind = scatter_kind(n), .non_negative = true});
  return {reshape(b, y, d)};
}

}  // namespace

std::span<const ImportRule> Gather::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Gather", 1, kLastOpset, import_gather},
                                          {"onnx.NonZero", 9, kLastOpset, import_non_zero},
                                          {"onnx.OneHot", 9, kLastOpset, import_one_hot},
                                          {"onnx.Trilu", 14, kLastOpset, import_trilu},
                                          {"onnx.ReverseSequence", 10, kLastOpset, import_reverse_sequence}};
  return kRules;
}
std::span<const ImportRule> GatherElements::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.GatherElements", 11, kLastOpset, import_gather_elements}};
  return kRules;
}
std::span<const ImportRule> GatherNd::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.GatherND", 11, kLastOpset, import_gather_nd}};
  return kRules;
}
std::span<const ImportRule> ScatterNd::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.ScatterND", 11, kLastOpset, import_scatter_nd},
                                          {"onnx.Scatter", 9, 10, import_scatter_elements},
                                          {"onnx.ScatterElements", 11, kLastOpset, import_scatter_elements}};
  return kRules;
}

}  // namespace tpuc::ops
