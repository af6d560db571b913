// Reductions and arg_max/arg_min: shape inference, reference evaluation. Import rules: reduce_import.cc.
#include "ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/infer_check.h"

namespace tpuc::ops {
namespace {

bool has_axis(const std::vector<int64_t>& axes, size_t axis) {
  return std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(axis));
}

Dims reduced_dims(const Dims& x, const std::vector<int64_t>& axes, bool keep) {
  Dims y;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!has_axis(axes, i)) {
      y.push_back(x[i]);
    } else if (keep) {
      y.push_back(1);
    }
  }
  return y;
}

// For each element of x, in order, the index of the result it goes to.
std::vector<size_t> targets(const Dims& x, const std::vector<int64_t>& axes) {
  const Dims kept = reduced_dims(x, axes, true);
  const Dims strides = row_major_strides(kept);
  std::vector<size_t> target{0};
  for (size_t axis = 0; axis < x.size(); ++axis) {
    const int64_t step = has_axis(axes, axis) ? 0 : strides[axis];
    std::vector<size_t> next;
    next.reserve(target.size() * static_cast<size_t>(x[axis]));
    for (const size_t t : target)
      for (int64_t i = 0; i < x[axis]; ++i) next.push_back(t + static_cast<size_t>(i * step));
    target = std::move(next);
  }
  return target;
}

template <class T>
T combine(ReduceKind kind, T sum, T x) {
  switch (kind) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
      return sum + x;
    case ReduceKind::Max:
      return x > sum || x != x ? x : sum;
    case ReduceKind::Min:
      return x < sum || x != x ? x : sum;
    case ReduceKind::Prod:
      return sum * x;
    case ReduceKind::L1:
      return sum + (x < 0 ? -x : x);
    case ReduceKind::L2:
    case ReduceKind::SumSquare:
      return sum + x * x;
  }
  return sum;
}

// Wide is what sums run in: double for floats, so that the reference is better than what it judges.
template <class T, class Wide>
void eval_reduce(const Tensor& x, const Reduce::Attrs& a, Tensor& out) {
  const std::vector<T> in = elements<T>(x);
  const std::vector<size_t> target = targets(x.dims(), a.axes);
  const auto count = static_cast<size_t>(out.count());
  std::vector<Wide> sum(count, a.kind == ReduceKind::Prod ? Wide{1} : Wide{0});
  std::vector<bool> started(count, a.kind != ReduceKind::Max && a.kind != ReduceKind::Min);
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t t = target[i];
    sum[t] = started[t] ? combine(a.kind, sum[t], static_cast<Wide>(in[i])) : static_cast<Wide>(in[i]);
    started[t] = true;
  }
  const size_t length = count == 0 ? 1 : in.size() / count;
  std::vector<T> y(count);
  for (size_t i = 0; i < count; ++i) {
    if (a.kind == ReduceKind::Mean) sum[i] = static_cast<Wide>(sum[i] / static_cast<Wide>(length));
    if (a.kind == ReduceKind::L2) sum[i] = static_cast<Wide>(std::sqrt(static_cast<double>(sum[i])));
    y[i] = static_cast<T>(sum[i]);
  }
  store(out, y);
}

std::vector<TensorType> infer_arg(const InferCtx& ctx, const ArgAttrs& a) {
  require_number(ctx);
  require_axis(ctx, 0, a.axis);
  if (a.index != DType::I64 && a.index != DType::I32)
    throw UserError(
        diagnostic(ErrorCode::E1202, "{}: the index type is {}, expected i64 or i32", ctx.op, to_string(a.index)));
  if (ctx.dims(0)[static_cast<size_t>(a.axis)] == 0)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: axis {} has no elements to search", ctx.op, a.axis)
                        .note("input", to_string(ctx.type(0))));
  return {{a.index, reduced_dims(ctx.dims(0), {a.axis}, a.keep_dims), {}}};
}

// `sign` is 1 for the largest, -1 for the smallest element.
template <class T>
void eval_arg(const Tensor& x, const ArgAttrs& a, T sign, Tensor& out) {
  const std::vector<T> in = elements<T>(x);
  const Dims& d = x.dims();
  const auto length = static_cast<size_t>(d[static_cast<size_t>(a.axis)]);
  const auto inner = static_cast<size_t>(element_count(Dims(d.begin() + a.axis + 1, d.end())));
  std::vector<int64_t> y(static_cast<size_t>(out.count()));
  for (size_t line = 0; line < y.size(); ++line) {
    const T* first = in.data() + line / inner * length * inner + line % inner;
    size_t best = 0;
    for (size_t i = 1; i < length; ++i) {
      const T v = first[i * inner] * sign, top = first[best * inner] * sign;
      if (v > top || (a.select_last && v == top)) best = i;
    }
    y[line] = static_cast<int64_t>(best);
  }
  store(out, y);
}

}  // namespace

std::vector<TensorType> Reduce::infer(const InferCtx& ctx, const Attrs& a) {
  require_number(ctx);
  const bool ascending = std::adjacent_find(a.axes.begin(), a.axes.end(), std::greater_equal<>()) == a.axes.end();
  if (a.axes.empty() || !ascending)
    throw UserError(
        diagnostic(ErrorCode::E1206, "{}: axes are {}, expected at least one, ascending", ctx.op, to_string(a.axes)));
  int64_t reduced = 1;
  for (const int64_t axis : a.axes) {
    require_axis(ctx, 0, axis);
    reduced = std::min(reduced, ctx.dims(0)[static_cast<size_t>(axis)]);
  }
  const bool needs_one = a.kind == ReduceKind::Max || a.kind == ReduceKind::Min || a.kind == ReduceKind::Mean;
  if (reduced == 0 && needs_one)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: {} of no elements", ctx.op,
                               EnumNames<ReduceKind>::kNames[static_cast<size_t>(a.kind)])
                        .note("input", to_string(ctx.type(0))));
  return {like_input(ctx, reduced_dims(ctx.dims(0), a.axes, a.keep_dims))};
}

void Reduce::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  if (in[0].dtype() == DType::F64) return eval_reduce<double, double>(in[0], a, out[0]);
  if (is_float(in[0].dtype())) return eval_reduce<float, double>(in[0], a, out[0]);
  eval_reduce<int64_t, int64_t>(in[0], a, out[0]);
}

std::vector<TensorType> ArgMax::infer(const InferCtx& ctx, const Attrs& a) { return infer_arg(ctx, a); }
void ArgMax::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_compute_type(in[0].dtype(), [&](auto t) { eval_arg<decltype(t)>(in[0], a, decltype(t){1}, out[0]); });
}

std::vector<TensorType> ArgMin::infer(const InferCtx& ctx, const Attrs& a) { return infer_arg(ctx, a); }
void ArgMin::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_compute_type(in[0].dtype(), [&](auto t) { eval_arg<decltype(t)>(in[0], a, decltype(t){-1}, out[0]); });
}

std::span<const OpDef> reduce_ops() {
  static const OpDef table[] = {def<Reduce>(), def<ArgMax>(), def<ArgMin>()};
  return table;
}

}  // namespace tpuc::ops
