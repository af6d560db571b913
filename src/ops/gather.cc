// Gather and scatter: shapes and reference values. Their ONNX rules are in gather_import.cc.
#include "ops/gather.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/infer_check.h"

namespace tpuc::ops {

namespace {

int64_t product(const Dims& dims, size_t first, size_t last) {
  int64_t p = 1;
  for (size_t i = first; i < last; ++i) p *= dims[i];
  return p;
}

// A negative index counts from the end.
int64_t wrap_index(std::string_view op, int64_t index, int64_t dim) {
  if (index >= -dim && index < dim) return index < 0 ? index + dim : index;
  throw UserError(diagnostic(ErrorCode::E1210, "{}: index {} of an axis of {} elements", op, index, dim));
}

// Copies `count` blocks of `elements` elements; block k of y comes from element offset from[k] of x.
void copy_blocks(const Tensor& x, const std::vector<int64_t>& from, int64_t elements, Tensor& y) {
  const auto bytes = static_cast<size_t>(elements * size_bytes(x.dtype()));
  auto to = y.mutable_bytes().begin();
  for (const int64_t offset : from) {
    const auto block = x.bytes().subspan(static_cast<size_t>(offset * size_bytes(x.dtype())), bytes);
    to = std::copy(block.begin(), block.end(), to);
  }
}

// Element offsets in a tensor of dimensions `x` that the index tuples address, after `batch` leading axes.
std::vector<int64_t> tuple_offsets(std::string_view op, const Dims& x, const Tensor& indices, size_t batch) {
  const Dims strides = row_major_strides(x);
  const auto k = static_cast<size_t>(indices.dims().back());
  const int64_t batches = product(x, 0, batch), tuples = product(indices.dims(), batch, indices.dims().size() - 1);
  const int64_t batch_stride = batch == 0 ? 0 : strides[batch - 1];
  const auto values = indices.to_i64();
  std::vector<int64_t> offsets;
  for (int64_t t = 0; t < batches * tuples; ++t) {
    int64_t offset = t / tuples * batch_stride;
    for (size_t j = 0; j < k; ++j)
      offset += wrap_index(op, values[static_cast<size_t>(t) * k + j], x[batch + j]) * strides[batch + j];
    offsets.push_back(offset);
  }
  return offsets;
}

// E1206, E1209 unless the tuples of `indices` address axes of x after `batch` common ones. Returns the tuple's length.
size_t tuple_length(const InferCtx& c, size_t batch) {
  const Dims &x = c.dims(0), &indices = c.dims(1);
  if (indices.empty() || batch >= indices.size() || batch > x.size() || indices.back() < 0 ||
      batch + static_cast<size_t>(indices.back()) > x.size())
    throw UserError(
        with_inputs(diagnostic(ErrorCode::E1206, "{}: the index tuples do not fit the axes of input 0", c.op), c));
  if (!std::equal(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(batch), indices.begin()))
    throw UserError(with_inputs(diagnostic(ErrorCode::E1209, "{}: the first {} axes differ", c.op, batch), c));
  return static_cast<size_t>(indices.back());
}

}  // namespace

std::vector<TensorType> Gather::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 1, is_index_type, "i32 or i64");
  require_axis(c, 0, attrs.axis);
  Dims dims = c.dims(0);
  const auto at = dims.erase(dims.begin() + attrs.axis);
  dims.insert(at, c.dims(1).begin(), c.dims(1).end());
  return {{c.type(0).dtype, std::move(dims), {}}};
}

void Gather::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims& x = in[0].dims();
  const auto axis = static_cast<size_t>(attrs.axis);
  const int64_t outer = product(x, 0, axis), inner = product(x, axis + 1, x.size());
  const auto indices = in[1].to_i64();
  std::vector<int64_t> from;
  for (int64_t o = 0; o < outer; ++o)
    for (const int64_t index : indices) from.push_back((o * x[axis] + wrap_index(kName, index, x[axis])) * inner);
  copy_blocks(in[0], from, inner, out[0]);
}

std::vector<TensorType> GatherElements::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 1, is_index_type, "i32 or i64");
  require_axis(c, 0, attrs.axis);
  bool fits = c.dims(0).size() == c.dims(1).size();
  for (size_t i = 0; fits && i < c.dims(0).size(); ++i)
    fits = i == static_cast<size_t>(attrs.axis) || c.dims(1)[i] <= c.dims(0)[i];
  if (!fits)
    throw UserError(with_inputs(diagnostic(ErrorCode::E1209, "gather_elements: indices {} do not lie in {}",
                                           to_string(c.dims(1)), to_string(c.dims(0))),
                                c));
  return {{c.type(0).dtype, c.dims(1), {}}};
}

void GatherElements::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const auto axis = static_cast<size_t>(attrs.axis);
  const Dims strides = row_major_strides(in[0].dims());
  Dims steps = strides;
  steps[axis] = 0;
  Walk walk(out[0].dims(), {steps});
  std::vector<int64_t> from;
  for (const int64_t index : in[1].to_i64()) {
    from.push_back(walk.offset(0) + wrap_index(kName, index, in[0].dims()[axis]) * strides[axis]);
    walk.next();
  }
  copy_blocks(in[0], from, 1, out[0]);
}

std::vector<TensorType> GatherNd::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 1, is_index_type, "i32 or i64");
  const auto batch = static_cast<size_t>(std::max<int64_t>(attrs.batch_dims, 0));
  const size_t k = tuple_length(c, batch);
  Dims dims(c.dims(1).begin(), c.dims(1).end() - 1);
  dims.insert(dims.end(), c.dims(0).begin() + static_cast<std::ptrdiff_t>(batch + k), c.dims(0).end());
  return {{c.type(0).dtype, std::move(dims), {}}};
}

void GatherNd::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims& x = in[0].dims();
  const auto batch = static_cast<size_t>(attrs.batch_dims);
  const size_t used = batch + static_cast<size_t>(in[1].dims().back());
  copy_blocks(in[0], tuple_offsets(kName, x, in[1], batch), product(x, used, x.size()), out[0]);
}

std::vector<TensorType> ScatterNd::infer(const InferCtx& c, const Attrs&) {
  require_type(c, 1, is_index_type, "i32 or i64");
  require_same_type(c, 0, 2);
  const size_t k = tuple_length(c, 0);
  Dims dims(c.dims(1).begin(), c.dims(1).end() - 1);
  dims.insert(dims.end(), c.dims(0).begin() + static_cast<std::ptrdiff_t>(k), c.dims(0).end());
  if (dims != c.dims(2))
    throw UserError(with_inputs(diagnostic(ErrorCode::E1209, "scatter_nd: the updates are {}, expected {}",
                                           to_string(c.dims(2)), to_string(dims)),
                                c));
  return {{c.type(0).dtype, c.dims(0), {}}};
}

void ScatterNd::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const Dims& x = in[0].dims();
  const auto used = static_cast<size_t>(in[1].dims().back());
  const int64_t block = product(x, used, x.size());
  const auto offsets = tuple_offsets(kName, x, in[1], 0);
  auto y = in[0].to_f64();  // exact for all but integers beyond 2^53
  const auto updates = in[2].to_f64();
  for (size_t u = 0; u < updates.size(); ++u) {
    const auto i = static_cast<int64_t>(u);
    double& v = y[static_cast<size_t>(offsets[static_cast<size_t>(i / block)] + i % block)];
    switch (attrs.kind) {
      case ScatterKind::Replace:
        v = updates[u];
        break;
      case ScatterKind::Add:
        v += updates[u];
        break;
      case ScatterKind::Mul:
        v *= updates[u];
        break;
      case ScatterKind::Min:
        v = std::min(v, updates[u]);
        break;
      case ScatterKind::Max:
        v = std::max(v, updates[u]);
        break;
    }
  }
  out[0].assign_f64(y);
}

std::span<const OpDef> gather_ops() {
  static const OpDef table[] = {def<Gather>(), def<GatherElements>(), def<GatherNd>(), def<ScatterNd>()};
  return table;
}

}  // namespace tpuc::ops
