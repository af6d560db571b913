// Slice, concat, pad: shapes and reference values. Their ONNX rules are in slice_import.cc.
#include "ops/slice.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/infer_check.h"
#include "ops/move.h"

namespace tpuc::ops {

namespace {

// True when first and last of `size` positions lie in 0..dim-1. No overflow for any attribute values.
bool inside(int64_t start, int64_t step, int64_t size, int64_t dim) {
  if (size == 0) return true;
  if (start < 0 || start >= dim) return false;
  const int64_t room = step > 0 ? (dim - 1 - start) / step : step == INT64_MIN ? 0 : start / -step;
  return size - 1 <= room;
}

// The element of an axis of `dim` elements that stands at `i`, which may lie outside; kKeep where a value is written.
int64_t source_of(int64_t i, int64_t dim, PadMode mode) {
  if (i >= 0 && i < dim) return i;
  switch (mode) {
    case PadMode::Constant:
      return kKeep;
    case PadMode::Edge:
      return std::clamp<int64_t>(i, 0, dim - 1);
    case PadMode::Wrap:
      return (i % dim + dim) % dim;
    case PadMode::Reflect: {
      if (dim == 1) return 0;
      const int64_t period = 2 * (dim - 1), k = (i % period + period) % period;
      return k < dim ? k : period - k;
    }
  }
  return kKeep;
}

}  // namespace

std::vector<TensorType> Slice::infer(const InferCtx& c, const Attrs& attrs) {
  require_per_axis(c, "starts", attrs.starts.size());
  require_per_axis(c, "steps", attrs.steps.size());
  require_per_axis(c, "sizes", attrs.sizes.size());
  for (size_t i = 0; i < attrs.sizes.size(); ++i) {
    if (attrs.steps[i] == 0) throw UserError(diagnostic(ErrorCode::E1208, "slice: the step of axis {} is 0", i));
    if (attrs.sizes[i] < 0 || !inside(attrs.starts[i], attrs.steps[i], attrs.sizes[i], c.dims(0)[i]))
      throw UserError(diagnostic(ErrorCode::E1209, "slice: {} elements from {} by {} leave axis {} of {}",
                                 attrs.sizes[i], attrs.starts[i], attrs.steps[i], i, to_string(c.dims(0))));
  }
  return {{c.type(0).dtype, attrs.sizes, {}}};
}

void Slice::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims strides = row_major_strides(in[0].dims());
  OffsetTables tables;
  for (size_t i = 0; i < strides.size(); ++i)
    tables.push_back(offset_table(attrs.starts[i], attrs.steps[i], attrs.sizes[i], strides[i]));
  move_elements(in[0], tables, out[0]);
}

std::vector<TensorType> Concat::infer(const InferCtx& c, const Attrs& attrs) {
  require_axis(c, 0, attrs.axis);
  const auto axis = static_cast<size_t>(attrs.axis);
  Dims dims = c.dims(0);
  for (size_t i = 1; i < c.count(); ++i) {
    require_same_type(c, 0, i);
    Dims other = c.dims(i);
    if (other.size() != dims.size())
      throw UserError(with_inputs(diagnostic(ErrorCode::E1209, "concat: input {} has rank {}, input 0 has rank {}", i,
                                             other.size(), dims.size()),
                                  c));
    if (__builtin_add_overflow(dims[axis], other[axis], &dims[axis])) dims[axis] = -1;
    other[axis] = dims[axis];
    if (other != dims)
      throw UserError(
          with_inputs(diagnostic(ErrorCode::E1209, "concat: input {} is {}, input 0 is {}; only axis {} may differ", i,
                                 to_string(c.dims(i)), to_string(c.dims(0)), axis),
                      c));
  }
  return {{c.type(0).dtype, std::move(dims), {}}};
}

void Concat::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const auto axis = static_cast<size_t>(attrs.axis);
  int64_t outer = 1;
  for (size_t i = 0; i < axis; ++i) outer *= out[0].dims()[i];
  auto to = out[0].mutable_bytes().begin();
  for (int64_t o = 0; o < outer; ++o)
    for (size_t k = 0; k < in.count(); ++k) {
      const auto bytes = in[k].bytes();
      const size_t block = bytes.size() / static_cast<size_t>(outer);
      const auto from = bytes.subspan(static_cast<size_t>(o) * block, block);
      to = std::copy(from.begin(), from.end(), to);
    }
}

std::vector<TensorType> Pad::infer(const InferCtx& c, const Attrs& attrs) {
  require_per_axis(c, "begin", attrs.begin.size());
  require_per_axis(c, "end", attrs.end.size());
  Dims dims = c.dims(0);
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t begin = attrs.begin[i], end = attrs.end[i];
    if (begin < 0 || end < 0)
      throw UserError(diagnostic(ErrorCode::E1208, "pad: {} and {} elements around axis {}", begin, end, i)
                          .note("hint", "cutting elements off is a slice"));
    if (dims[i] == 0 && begin + end > 0 && attrs.mode != PadMode::Constant)
      throw UserError(diagnostic(ErrorCode::E1209, "pad: axis {} is empty, there is nothing to repeat", i));
    if (__builtin_add_overflow(dims[i], begin, &dims[i]) || __builtin_add_overflow(dims[i], end, &dims[i]))
      dims[i] = -1;
  }
  return {{c.type(0).dtype, std::move(dims), {}}};
}

void Pad::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims strides = row_major_strides(in[0].dims());
  if (attrs.mode == PadMode::Constant && attrs.value != 0)
    out[0].assign_f64(std::vector<double>(static_cast<size_t>(out[0].count()), attrs.value));
  OffsetTables tables;
  for (size_t i = 0; i < strides.size(); ++i) {
    std::vector<int64_t> table(static_cast<size_t>(out[0].dims()[i]));
    for (size_t k = 0; k < table.size(); ++k) {
      const int64_t from = source_of(static_cast<int64_t>(k) - attrs.begin[i], in[0].dims()[i], attrs.mode);
      table[k] = from == kKeep ? kKeep : from * strides[i];
    }
    tables.push_back(std::move(table));
  }
  move_elements(in[0], tables, out[0]);
}

std::span<const OpDef> slice_ops() {
  static const OpDef table[] = {def<Slice>(), def<Concat>(), def<Pad>()};
  return table;
}

}  // namespace tpuc::ops
