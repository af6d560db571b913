// Operators of quantized graphs: shapes, reference values.
#include "ops/quantize.h"

#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/infer_check.h"
#include "ops/integer_sum.h"
#include "ops/table_softmax.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::ops {

namespace {

constexpr int64_t kMultiplierEnd = int64_t{1} << 23;

bool is_quantized(DType t) { return is_byte(t) || t == DType::I32 || t == DType::I16; }
bool is_table(DType t) { return is_byte(t) || t == DType::F32 || t == DType::F16 || t == DType::BF16; }
bool is_f32(DType t) { return t == DType::F32; }

void require_byte_result(const InferCtx& c, DType to) {
  if (!is_byte(to))
    throw UserError(diagnostic(ErrorCode::E1208, "{}: to is {}, expected i8 or u8", c.op, to_string(to)));
}

void require_scale(const InferCtx& c, float scale) {
  if (!std::isnormal(scale) || scale < 0 || !std::isfinite(1 / scale))
    throw UserError(diagnostic(ErrorCode::E1208, "{}: scale is {}, expected a positive number", c.op, scale)
                        .note("hint", "it and its reciprocal must be normal numbers of f32"));
}

void require_finite(const InferCtx& c, std::string_view attr, float value) {
  if (!std::isfinite(value))
    throw UserError(diagnostic(ErrorCode::E1208, "{}: {} is {}, expected a finite number", c.op, attr, value));
}

// A value of the integer type.
void require_zero(const InferCtx& c, int64_t zero, DType t) {
  const int64_t low = lowest_of(bit_width(t), is_signed(t)), high = highest_of(bit_width(t), is_signed(t));
  if (zero < low || zero > high)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: zero is {}, expected {} to {}", c.op, zero, low, high)
                        .note("hint", fmt::format("a value of {}", to_string(t))));
}

// ONNX's QuantizeLinear. Bounds before the rounding give what bounds behind the sum would.
int64_t divided(float x, float scale, int64_t zero, bool is_signed) {
  const auto low = static_cast<float>(lowest_of(8, is_signed) - zero),
             high = static_cast<float>(highest_of(8, is_signed) - zero);
  const float steps = x / scale;
  return static_cast<int64_t>(std::nearbyint(steps > low ? std::min(steps, high) : low)) + zero;
}

int32_t wrapped(int64_t v) { return static_cast<int32_t>(static_cast<uint64_t>(v)); }

}  // namespace

std::vector<TensorType> Quantize::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 0, is_float, "a float type");
  require_byte_result(c, attrs.to);
  require_scale(c, attrs.scale);
  require_zero(c, attrs.zero, attrs.to);
  return {{attrs.to, c.dims(0), Quant{{attrs.scale}, {static_cast<int32_t>(attrs.zero)}}}};
}

void Quantize::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const float inverse = 1 / attrs.scale;
  const bool is_signed = attrs.to == DType::I8;
  std::vector<int64_t> y;
  for (const float x : in[0].to_f32())
    y.push_back(attrs.divides ? divided(x, attrs.scale, attrs.zero, is_signed)
                              : affine_to_int(x, inverse, static_cast<float>(attrs.zero), 8, is_signed));
  store(out[0], y);
}

std::vector<TensorType> Dequantize::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 0, is_quantized, "i8, u8, i16 or i32");
  if (!is_table(attrs.to) || is_byte(attrs.to))
    throw UserError(diagnostic(ErrorCode::E1208, "{}: to is {}, expected f32, f16 or bf16", c.op, to_string(attrs.to)));
  require_scale(c, attrs.scale);
  require_zero(c, attrs.zero, c.type(0).dtype);
  return {{attrs.to, c.dims(0), {}}};
}

void Dequantize::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  std::vector<float> y;
  for (const int64_t x : in[0].to_i64()) y.push_back(static_cast<float>(wrapped(x - attrs.zero)) * attrs.scale);
  store(out[0], y);
}

std::vector<TensorType> Requantize::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 0, is_quantized, "i8, u8, i16 or i32");
  require_type(c, 1, is_f32, "f32");
  require_byte_result(c, attrs.to);
  const bool one_for_all = c.dims(1) == Dims{2, 1};
  if (!one_for_all) require_axis(c, 0, attrs.axis);
  if (!one_for_all && c.dims(1) != Dims{2, c.dims(0)[static_cast<size_t>(attrs.axis)]})
    throw UserError(with_inputs(diagnostic(ErrorCode::E1209, "{}: rq has dimensions {}, expected [2,{}] or [2,1]", c.op,
                                           to_string(c.dims(1)), c.dims(0)[static_cast<size_t>(attrs.axis)]),
                                c));
  return {{attrs.to, c.dims(0), {}}};
}

void Requantize::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  const auto rq = in[1].as<float>();
  const size_t columns = rq.size() / 2;
  const Dims& dims = in[0].dims();
  size_t inner = 1;
  for (size_t i = static_cast<size_t>(attrs.axis) + 1; i < dims.size(); ++i) inner *= static_cast<size_t>(dims[i]);
  std::vector<int64_t> v = in[0].to_i64();
  for (size_t i = 0; i < v.size(); ++i) {
    const size_t c = columns == 1 ? 0 : i / inner % columns;
    v[i] = requantize_float(static_cast<int32_t>(v[i]), rq[c], rq[columns + c], 8, attrs.to == DType::I8);
  }
  store(out[0], v);
}

std::vector<TensorType> Lut::infer(const InferCtx& c, const Attrs&) {
  require_type(c, 0, is_byte, "i8 or u8");
  require_type(c, 1, is_table, "i8, u8, f16, bf16 or f32");
  require_vector(c, 1, "table", 256, "values of a byte");
  return {{c.type(1).dtype, c.dims(0), {}}};
}

void Lut::eval(EvalArgs in, const Attrs&, std::span<Tensor> out) {
  const auto table = in[1].bytes();
  const auto x = in[0].as<uint8_t>();
  const auto bytes = static_cast<size_t>(size_bytes(out[0].dtype()));
  auto y = out[0].mutable_bytes();
  for (size_t i = 0; i < x.size(); ++i) std::copy_n(table.begin() + x[i] * bytes, bytes, y.begin() + i * bytes);
}

std::vector<TensorType> WeightedSum::infer(const InferCtx& c, const Attrs& attrs) {
  require_byte_result(c, attrs.to);
  require_finite(c, "scale", attrs.scale);
  require_finite(c, "offset", attrs.offset);
  if (attrs.multipliers.size() != c.count())
    throw UserError(
        diagnostic(ErrorCode::E1206, "{}: {} multipliers for {} inputs", c.op, attrs.multipliers.size(), c.count()));
  Dims dims;
  for (size_t i = 0; i < c.count(); ++i) {
    require_type(c, i, is_byte, "i8 or u8");
    const int64_t m = attrs.multipliers[i];
    if (m <= -kMultiplierEnd || m >= kMultiplierEnd)
      throw UserError(diagnostic(ErrorCode::E1208, "{}: multiplier {} leaves +-{}", c.op, m, kMultiplierEnd - 1));
    dims = i == 0 ? c.dims(0) : require_broadcast(c, dims, c.dims(i));
  }
  return {{attrs.to, dims, {}}};
}

void WeightedSum::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  Tensor& y = out[0];
  std::vector<int64_t> sums(static_cast<size_t>(y.count()));
  for (size_t i = 0; i < in.count(); ++i) {
    const auto x = in[i].to_i64();
    Walk walk(y.dims(), {broadcast_strides(in[i].dims(), y.dims())});
    for (int64_t& sum : sums) {
      sum += attrs.multipliers[i] * x[static_cast<size_t>(walk.offset(0))];
      walk.next();
    }
  }
  for (int64_t& sum : sums) sum = requantize_float(wrapped(sum), attrs.scale, attrs.offset, 8, attrs.to == DType::I8);
  store(y, sums);
}

std::vector<TensorType> ScaledProduct::infer(const InferCtx& c, const Attrs& attrs) {
  require_type(c, 0, is_byte, "i8 or u8");
  require_type(c, 1, is_byte, "i8 or u8");
  require_byte_result(c, attrs.to);
  require_byte(c, "zero_a", attrs.zero_a, c.type(0).dtype);
  require_byte(c, "zero_b", attrs.zero_b, c.type(1).dtype);
  require_finite(c, "scale", attrs.scale);
  require_finite(c, "offset", attrs.offset);
  return {{attrs.to, require_broadcast(c, c.dims(0), c.dims(1)), {}}};
}

void ScaledProduct::eval(EvalArgs in, const Attrs& attrs, std::span<Tensor> out) {
  map_binary_as<int64_t>(in[0], in[1], out[0], [&](int64_t a, int64_t b) {
    return requantize_float(wrapped((a - attrs.zero_a) * (b - attrs.zero_b)), attrs.scale, attrs.offset, 8,
                            attrs.to == DType::I8);
  });
}

std::span<const OpDef> quantize_ops() {
  static const OpDef table[] = {def<Quantize>(),    def<Dequantize>(),    def<Requantize>(),  def<Lut>(),
                                def<WeightedSum>(), def<ScaledProduct>(), def<TableSoftmax>()};
  return table;
}

}  // namespace tpuc::ops
