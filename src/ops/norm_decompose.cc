// Normalizations as reductions and elementwise operators, for rows that a chip's kernel does not hold; lrn as an
// average pool over channels. Two passes over the data, as the reference: the mean first, then the squares around it.
#include <cmath>

#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tpuc::ops {

namespace {

enum class Centre : uint8_t { Mean, Zero };

// x / sqrt(mean(x^2) + epsilon) of rows [R, L], around their mean.
Value* normalize_rows(Builder& b, Value* x, Centre centre, float epsilon) {
  const auto mean = [&](Value* v) { return b.add<Reduce>({v}, {ReduceKind::Mean, {1}, true}); };
  if (centre == Centre::Mean) x = b.add<Sub>({x, mean(x)});
  Value* variance = b.add<Add>({mean(b.add<Mul>({x, x})), scalar_like(b, x, static_cast<double>(epsilon))});
  return b.add<Mul>({x, b.add<Reciprocal>({b.add<Sqrt>({variance})})});
}

// x * gamma + beta where they are, each seen under `dims`.
Value* affine(Builder& b, const Op& op, Value* x, const Dims& dims) {
  const auto seen = [&](size_t i) {
    return element_count(op.in(i)->type) == 1 ? reshape(b, op.in(i), {1}) : reshape(b, op.in(i), dims);
  };
  if (op.in().size() > 1 && op.in(1) != nullptr) x = b.add<Mul>({x, seen(1)});
  if (op.in().size() > 2 && op.in(2) != nullptr) x = b.add<Add>({x, seen(2)});
  return x;
}

Values decompose_trailing(const Op& op, Builder& b, const LayerNorm::Attrs& a, Centre centre) {
  const Dims& d = op.in(0)->type.dims;
  const int64_t rows = element_count(Dims(d.begin(), d.begin() + a.axis)), length = element_count(d) / rows;
  Value* y = normalize_rows(b, reshape(b, op.in(0), {rows, length}), centre, a.epsilon);
  return {reshape(b, affine(b, op, y, {length}), d)};
}

Values decompose_groups(const Op& op, Builder& b, int64_t groups, float epsilon) {
  const Dims& d = op.in(0)->type.dims;
  const int64_t rows = d[0] * groups, plane = element_count(d) / d[0] / d[1];
  Value* y = normalize_rows(b, reshape(b, op.in(0), {rows, element_count(d) / rows}), Centre::Mean, epsilon);
  return {reshape(b, affine(b, op, reshape(b, y, {d[0], d[1], plane}), {d[1], 1}), d)};
}

}  // namespace

Values LayerNorm::decompose(const Op& op, Builder& b) {
  return decompose_trailing(op, b, op.attrs<LayerNorm>(), Centre::Mean);
}
Values RmsNorm::decompose(const Op& op, Builder& b) {
  return decompose_trailing(op, b, op.attrs<RmsNorm>(), Centre::Zero);
}
Values GroupNorm::decompose(const Op& op, Builder& b) {
  return decompose_groups(op, b, op.attrs<GroupNorm>().groups, op.attrs<GroupNorm>().epsilon);
}
Values InstanceNorm::decompose(const Op& op, Builder& b) {
  return decompose_groups(op, b, op.in(0)->type.dims[1], op.attrs<InstanceNorm>().epsilon);
}

// Channels become the rows that an average pool moves over: [N, C, A, B] is pooled as [N, A, C, B], so that many lanes
// work. Pads count, so the average times alpha is the sum times alpha / size.
Values Lrn::decompose(const Op& op, Builder& b) {
  const Attrs& a = op.attrs<Lrn>();
  const Dims& d = op.in(0)->type.dims;
  if (a.size > d[1]) return {};
  const int64_t rows = d.size() > 2 ? d[2] : 1, plane = element_count(d) / d[0] / d[1] / rows;
  Value* x = reshape(b, op.in(0), {d[0], d[1], rows, plane});
  Value* squares = b.add<Permute>({b.add<Mul>({x, x})}, {.order = {0, 2, 1, 3}});
  Value* means = b.add<AvgPool2d>(
      {squares}, {.kernel = {a.size, 1}, .pads = {(a.size - 1) / 2, 0, a.size / 2, 0}, .count_include_pad = true});
  Value* weighted = b.add<Mul>({means, scalar_like(b, x, static_cast<double>(a.alpha))});
  Value* sum = b.add<Add>({weighted, scalar_like(b, x, static_cast<double>(a.bias))});
  Value* factor = b.add<Pow>({sum, scalar_like(b, x, -static_cast<double>(a.beta))});
  return {reshape(b, b.add<Mul>({x, b.add<Permute>({factor}, {.order = {0, 2, 1, 3}})}), d)};
}

}  // namespace tpuc::ops
