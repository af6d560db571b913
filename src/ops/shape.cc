// Reshape, permute, expand, tile: shapes and reference values. Their ONNX rules are in shape_import.cc.
#include "ops/shape.h"

#include <algorithm>

#include "ops/families.h"
#include "ops/infer_check.h"
#include "ops/move.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {

std::vector<TensorType> Reshape::infer(const InferCtx& c, const Attrs& attrs) {
  if (!is_sane(attrs.shape, c.type(0).dtype) || element_count(attrs.shape) != element_count(c.dims(0)))
    throw UserError(diagnostic(ErrorCode::E1207, "reshape: {} with {} elements cannot become {}", to_string(c.dims(0)),
                               element_count(c.dims(0)), to_string(attrs.shape)));
  return {{c.type(0).dtype, attrs.shape, {}}};
}

void Reshape::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  const auto from = in[0].bytes();
  std::copy(from.begin(), from.end(), out[0].mutable_bytes().begin());
}

std::vector<TensorType> Permute::infer(const InferCtx& c, const Attrs& attrs) {
  require_per_axis(c, "order", attrs.order.size());
  std::vector<bool> seen(attrs.order.size(), false);
  Dims dims;
  for (const int64_t axis : attrs.order) {
    require_axis(c, 0, axis);
    if (seen[static_cast<size_t>(axis)])
      throw UserError(
          diagnostic(ErrorCode::E1206, "permute: axis {} is named twice in {}", axis, to_string(attrs.order)));
    seen[static_cast<size_t>(axis)] = true;
    dims.push_back(c.dims(0)[static_cast<size_t>(axis)]);
  }
  return {{c.type(0).dtype, std::move(dims), {}}};
}

void Permute::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims strides = row_major_strides(in[0].dims());
  OffsetTables tables;
  for (size_t i = 0; i < attrs.order.size(); ++i)
    tables.push_back(offset_table(0, 1, out[0].dims()[i], strides[static_cast<size_t>(attrs.order[i])]));
  move_elements(in[0], tables, out[0]);
}

std::vector<TensorType> Expand::infer(const InferCtx& c, const Attrs& attrs) {
  const Dims dims = require_broadcast(c, c.dims(0), attrs.shape);
  if (dims != attrs.shape)
    throw UserError(diagnostic(ErrorCode::E1203, "expand: {} does not broadcast to {}", to_string(c.dims(0)),
                               to_string(attrs.shape)));
  return {{c.type(0).dtype, dims, {}}};
}

void Expand::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims strides = row_major_strides(in[0].dims());
  const size_t lead = attrs.shape.size() - strides.size();
  OffsetTables tables;
  for (size_t i = 0; i < attrs.shape.size(); ++i) {
    const bool repeated = i < lead || in[0].dims()[i - lead] == 1;
    tables.push_back(offset_table(0, 1, attrs.shape[i], repeated ? 0 : strides[i - lead]));
  }
  move_elements(in[0], tables, out[0]);
}

std::vector<TensorType> Tile::infer(const InferCtx& c, const Attrs& attrs) {
  require_per_axis(c, "repeats", attrs.repeats.size());
  Dims dims;
  for (size_t i = 0; i < attrs.repeats.size(); ++i) {
    const auto d = checked_mul(c.dims(0)[i], attrs.repeats[i]);
    if (attrs.repeats[i] < 0 || !d)
      throw UserError(diagnostic(ErrorCode::E1208, "tile: {} repeats of axis {}, which has {} elements",
                                 attrs.repeats[i], i, c.dims(0)[i]));
    dims.push_back(*d);
  }
  return {{c.type(0).dtype, std::move(dims), {}}};
}

void Tile::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  const Dims strides = row_major_strides(in[0].dims());
  OffsetTables tables;
  for (size_t i = 0; i < strides.size(); ++i) {
    std::vector<int64_t> table(static_cast<size_t>(out[0].dims()[i]));
    for (size_t k = 0; k < table.size(); ++k) table[k] = static_cast<int64_t>(k) % in[0].dims()[i] * strides[i];
    tables.push_back(std::move(table));
  }
  move_elements(in[0], tables, out[0]);
}

std::span<const OpDef> shape_ops() {
  static const OpDef table[] = {def<Reshape>(), def<Permute>(), def<Expand>(), def<Tile>()};
  return table;
}

}  // namespace tpuc::ops
