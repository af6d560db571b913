// Products with integer weights: shapes, and the reference values, which dequantize first.
#include "ops/weight_matmul.h"

#include <algorithm>

#include "ops/eval_elements.h"
#include "ops/infer_check.h"
#include "ops/integer_sum.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {
namespace {

constexpr int64_t kLanes = 64;  // rows that lie between the two of a byte

Diagnostic wrong_dims(const InferCtx& ctx, size_t i, std::string_view what, const Dims& expected) {
  return diagnostic(ErrorCode::E1209, "{}: the {} are {}, expected {}", ctx.op, what, to_string(ctx.dims(i)),
                    to_string(expected));
}

void check_attrs(const InferCtx& ctx, const WeightMatMul::Attrs& a) {
  const bool is_nibble = a.bits == 4 && ctx.type(1).dtype == DType::U8;
  if (a.bits != 8 && !is_nibble)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: bits is {} for elements of {}, expected 8, or 4 in u8", ctx.op,
                               a.bits, to_string(ctx.type(1).dtype)));
  if (a.group < 0 || a.group > kMaxWindowAttr)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: group is {}", ctx.op, a.group));
  require_byte(ctx, "zero", a.zero, ctx.type(1).dtype);
}

}  // namespace

int64_t stored_rows(int64_t rows, int64_t bits) { return bits == 8 ? rows : kLanes * ceil_div(rows, 2 * kLanes); }

Tensor pack_nibbles(const Tensor& q) {
  const int64_t rows = q.dims()[0], columns = q.dims()[1];
  Tensor packed(DType::U8, {stored_rows(rows, 4), columns});
  const auto out = packed.as_mutable<uint8_t>();
  const auto in = q.as<uint8_t>();
  std::fill(out.begin(), out.end(), uint8_t{0});
  for (int64_t k = 0; k < rows; ++k) {
    const int64_t row = k / (2 * kLanes) * kLanes + k % kLanes;
    const int shift = k / kLanes % 2 == 0 ? 0 : 4;
    for (int64_t n = 0; n < columns; ++n) {
      uint8_t& byte = out[static_cast<size_t>(row * columns + n)];
      byte = static_cast<uint8_t>(byte | (in[static_cast<size_t>(k * columns + n)] & 15) << shift);
    }
  }
  return packed;
}

Tensor dequantized_weights(const Tensor& q, const Tensor& steps, const WeightMatMul::Attrs& attrs, int64_t rows,
                           DType to) {
  const int64_t columns = q.dims()[1], group = attrs.group == 0 ? rows : attrs.group;
  const bool has_zeros = steps.dims()[1] == 2;
  const std::vector<int64_t> bytes = q.to_i64();
  const auto step = steps.as<float>();
  std::vector<float> w(static_cast<size_t>(rows * columns));
  for (int64_t k = 0; k < rows; ++k) {
    const int64_t row = attrs.bits == 8 ? k : k / (2 * kLanes) * kLanes + k % kLanes;
    const int shift = attrs.bits == 8 || k / kLanes % 2 == 0 ? 0 : 4;
    const float* scale = step.data() + k / group * steps.dims()[1] * columns;
    for (int64_t n = 0; n < columns; ++n) {
      const int64_t byte = bytes[static_cast<size_t>(row * columns + n)];
      const int64_t integer = (attrs.bits == 8 ? byte : byte >> shift & 15) - attrs.zero;
      const float zero = has_zeros ? scale[columns + n] : 0;
      w[static_cast<size_t>(k * columns + n)] = (static_cast<float>(integer) - zero) * scale[n];
    }
  }
  Tensor out(to, {rows, columns});
  out.assign_f32(w);
  return out;
}

std::vector<TensorType> WeightMatMul::infer(const InferCtx& ctx, const Attrs& attrs) {
  require_min_rank(ctx, 0, "input", 1);
  require_type(ctx, 0, is_float, "a float type");
  require_type(ctx, 1, is_byte, "i8 or u8");
  require_type(
      ctx, 2, [](DType t) { return t == DType::F32; }, "f32");
  check_attrs(ctx, attrs);
  require_rank(ctx, 1, "weights", 2);
  require_rank(ctx, 2, "steps", 3);
  Dims dims = ctx.dims(0);
  const int64_t rows = dims.back(), columns = ctx.dims(1)[1];
  if (rows < 1 || ctx.dims(1)[0] != stored_rows(rows, attrs.bits))
    throw UserError(wrong_dims(ctx, 1, "weights", {stored_rows(rows, attrs.bits), columns}));
  const int64_t groups = attrs.group == 0 ? 1 : ceil_div(rows, attrs.group), planes = ctx.dims(2)[1];
  if (ctx.dims(2)[0] != groups || (planes != 1 && planes != 2) || ctx.dims(2)[2] != columns)
    throw UserError(wrong_dims(ctx, 2, "steps", {groups, planes == 2 ? 2 : 1, columns}));
  require_vector(ctx, 3, "bias", columns, "columns");
  if (ctx.has(3))
    require_type(
        ctx, 3, [](DType t) { return t == DType::F32; }, "f32");
  dims.back() = columns;
  return {like_input(ctx, std::move(dims))};
}

void WeightMatMul::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const int64_t depth = in[0].dims().back(), columns = in[1].dims()[1];
  const std::vector<float> x = in[0].to_f32();
  const std::vector<float> w = dequantized_weights(in[1], in[2], attrs, depth, in[0].dtype()).to_f32();
  const std::vector<float> bias = in.has(3) ? in[3].to_f32() : std::vector<float>();
  std::vector<float> y(static_cast<size_t>(out[0].count()));
  for (size_t row = 0; row * static_cast<size_t>(columns) < y.size(); ++row) {
    float* to = y.data() + row * static_cast<size_t>(columns);
    for (int64_t k = 0; k < depth; ++k) {
      const float factor = x[row * static_cast<size_t>(depth) + static_cast<size_t>(k)];
      for (int64_t n = 0; n < columns; ++n) to[n] += factor * w[static_cast<size_t>(k * columns + n)];
    }
    for (int64_t n = 0; n < columns; ++n)
      to[n] = apply(attrs.activation, to[n] + (bias.empty() ? 0 : bias[static_cast<size_t>(n)]));
  }
  store(out[0], y);
}

}  // namespace tpuc::ops
