// ONNX QuantizeLinear and DequantizeLinear. Constants become real numbers at once: the quantize pass finds their steps
// again. Several scales are written out as arithmetic with a vector; operators of one scale take the rest.
#include "ops/quantize_import.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/integer_sum.h"
#include "ops/quantize.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {

namespace {

// The numbers themselves: as many scales as zeros.
struct Affine {
  std::vector<float> scale;
  std::vector<int64_t> zero;
  DType real = DType::F32;  // the scale's element type, which results have
  bool has_one_zero() const {
    return std::all_of(zero.begin(), zero.end(), [&](int64_t z) { return z == zero.front(); });
  }
};

Diagnostic bad_scale(const NodeView& n, float scale) {
  return diagnostic(ErrorCode::E1025, "{}: a scale is {}, expected a positive number", n.op, scale)
      .note("hint", "it and its reciprocal must be normal numbers of f32");
}

bool is_usable(float scale) { return std::isnormal(scale) && scale > 0 && std::isfinite(1 / scale); }

// Converters give channels of a filter whose weights are all zero a scale of 0: a constant may have such, beside
// others.
Affine read_affine(const NodeView& n, const QuantInputs& at, bool is_constant) {
  Affine a;
  a.scale = {1.0f};
  if (at.is_scaled) {
    const Tensor& scale = n.constant_input(at.scale);
    if (!is_float(scale.dtype()) || scale.count() == 0)
      throw UserError(diagnostic(ErrorCode::E1025, "{}: the scale is {}", n.op, to_string(scale.type))
                          .note("hint", "it holds floating-point numbers"));
    a.scale = scale.to_f32();
    a.real = scale.dtype() == DType::F64 ? DType::F32 : scale.dtype();
    const bool may_be_zero = is_constant && std::any_of(a.scale.begin(), a.scale.end(), is_usable);
    for (const float s : a.scale)
      if (!is_usable(s) && !(may_be_zero && s == 0)) throw UserError(bad_scale(n, s));
  }
  a.zero.assign(a.scale.size(), 0);
  if (!n.has_input(at.zero)) return a;
  const Tensor& zero = n.constant_input(at.zero);
  if (!at.is_scaled) a.scale.assign(static_cast<size_t>(zero.count()), 1.0f);
  if (!is_integer(zero.dtype()) || zero.count() != static_cast<int64_t>(a.scale.size()))
    throw UserError(diagnostic(ErrorCode::E1025, "{}: the zero point is {}, expected {} integers", n.op,
                               to_string(zero.type), a.scale.size())
                        .note("hint", "as many as there are scales"));
  a.zero = zero.to_i64();
  return a;
}

// Checks that the scales are as many as x wants; the axis they lie on.
size_t axis_of(const NodeView& n, const Affine& a, const Dims& x, const QuantInputs& at) {
  const auto axis = static_cast<size_t>(wrap_axis(n, at.axis, x.size()));
  int64_t wanted = x[axis];
  if (at.block > 0) wanted = element_count(x) / std::max<int64_t>(x[axis], 1) * ceil_div(x[axis], at.block);
  if (static_cast<int64_t>(a.scale.size()) == wanted) return axis;
  throw UserError(diagnostic(ErrorCode::E1209, "{}: {} scales for axis {} of {}, expected {}", n.op, a.scale.size(),
                             axis, to_string(x), wanted)
                      .note("hint", "one for the tensor, or one for each index of the axis"));
}

// (x - zero) * scale, each element with the scale of its place.
Tensor dequantize_constant(const NodeView& n, const Tensor& x, const Affine& a, const QuantInputs& at) {
  const bool is_single = a.scale.size() == 1;
  int64_t size = 1, inner = 1;
  if (!is_single) {
    const size_t axis = axis_of(n, a, x.dims(), at);
    size = x.dims()[axis];
    for (size_t i = axis + 1; i < x.dims().size(); ++i) inner *= x.dims()[i];
  }
  const int64_t block = std::max<int64_t>(at.block, 1), blocks = ceil_div(size, block);
  const std::vector<int64_t> values = x.to_i64();
  std::vector<float> real(values.size());
  for (size_t i = 0; i < real.size(); ++i) {
    const auto k = static_cast<int64_t>(i), place = k / inner % size / block;
    const int64_t c = at.block > 0 ? (k / (inner * size) * blocks + place) * inner + k % inner : place;
    const auto s = static_cast<size_t>(is_single ? 0 : c);
    real[i] = static_cast<float>(values[i] - a.zero[s]) * a.scale[s];
  }
  Tensor out(a.real, x.dims());
  out.assign_f32(real);
  return out;
}

// One number for each index of the axis, to be broadcast with x.
template <class T>
Value* along_axis(Builder& b, const Value* x, size_t axis, const std::vector<T>& numbers) {
  Dims dims(x->type.dims.size(), 1);
  dims[axis] = static_cast<int64_t>(numbers.size());
  Tensor t(x->type.dtype, std::move(dims));
  t.assign_f64(std::vector<double>(numbers.begin(), numbers.end()));
  return b.constant(std::move(t));
}

void refuse_blocks(const NodeView& n, const QuantInputs& at, const Affine& a) {
  if (at.block > 0 && a.scale.size() > 1)
    refuse(n, fmt::format("blocks of {} elements have scales of their own", at.block),
           "of values computed at run time a tensor or an axis has scales; constants may have blocks");
}

DType quantized_type(const NodeView& n, const QuantInputs& at, DType fallback) {
  DType t = n.has_input(at.zero) ? n.in[at.zero]->type.dtype : fallback;
  if (!n.has_input(at.zero) && n.has_attr("output_dtype") && n.get_int("output_dtype", 0) != 0) {
    const int64_t code = n.get_int("output_dtype", 0);
    const auto stated = onnx_dtype(code);
    if (!stated) throw UserError(diagnostic(ErrorCode::E1020, "{}: the result is {}", n.op, onnx_type_name(code)));
    t = *stated;
  }
  if (!is_byte(t))
    refuse(n, fmt::format("values are quantized to {}", to_string(t)),
           "activations are i8 or u8; constants may be wider");
  return t;
}

// A longer block is the whole axis; sums with it stay numbers.
int64_t block_of(const NodeView& n) {
  return std::clamp<int64_t>(n.get_int("block_size", 0), 0, std::numeric_limits<int32_t>::max());
}

Values import_quantize_linear(const NodeView& n, Builder& b) {
  const QuantInputs at{.scale = 1, .zero = 2, .axis = n.get_int("axis", 1), .block = block_of(n)};
  return {import_quantize(n, b, n.input(0), at)};
}

Values import_dequantize_linear(const NodeView& n, Builder& b) {
  const QuantInputs at{.scale = 1, .zero = 2, .axis = n.get_int("axis", 1), .block = block_of(n)};
  return {import_dequantize(n, b, n.input(0), at)};
}

}  // namespace

Value* import_dequantize(const NodeView& n, Builder& b, Value* x, const QuantInputs& at) {
  const Affine a = read_affine(n, at, x->is_constant());
  if (!is_integer(x->type.dtype))
    throw UserError(
        diagnostic(ErrorCode::E1202, "{}: the quantized tensor is {}, expected integers", n.op, to_string(x->type)));
  if (x->is_constant()) return b.constant(dequantize_constant(n, x->tensor(), a, at));
  refuse_blocks(n, at, a);
  if (a.scale.size() == 1) return b.add<Dequantize>({x}, {.to = a.real, .scale = a.scale[0], .zero = a.zero[0]});
  const size_t axis = axis_of(n, a, x->type.dims, at);
  Value* y = b.add<Dequantize>({x}, {.to = a.real, .zero = a.has_one_zero() ? a.zero[0] : 0});
  if (!a.has_one_zero()) y = b.add<Sub>({y, along_axis(b, y, axis, a.zero)});
  return b.add<Mul>({y, along_axis(b, y, axis, a.scale)});
}

Value* import_quantize(const NodeView& n, Builder& b, Value* x, const QuantInputs& at, DType fallback) {
  const Affine a = read_affine(n, at, false);
  const DType to = quantized_type(n, at, fallback);
  refuse_blocks(n, at, a);
  if (a.scale.size() == 1) return b.add<Quantize>({x}, {to, a.scale[0], a.zero[0], true});
  const size_t axis = axis_of(n, a, x->type.dims, at);
  Value* y = b.add<Div>({x, along_axis(b, x, axis, a.scale)});
  if (!a.has_one_zero()) y = b.add<Add>({y, along_axis(b, y, axis, a.zero)});
  return b.add<Quantize>({y}, {to, 1.0f, a.has_one_zero() ? a.zero[0] : 0, true});
}

std::span<const ImportRule> Quantize::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.QuantizeLinear", 10, kLastOpset, import_quantize_linear},
                                          {"com.microsoft.QuantizeLinear", 1, 1, import_quantize_linear},
                                          {"onnx.QLinearConv", 10, kLastOpset, import_qlinear_conv},
                                          {"onnx.QLinearMatMul", 10, kLastOpset, import_qlinear},
                                          {"onnx.DynamicQuantizeLinear", 11, kLastOpset, import_dynamic_quantize},
                                          {"com.microsoft.QLinearAdd", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearMul", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearSigmoid", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearLeakyRelu", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearSoftmax", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearAveragePool", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearGlobalAveragePool", 1, 1, import_qlinear},
                                          {"com.microsoft.QLinearConcat", 1, 1, import_qlinear_concat},
                                          {"com.microsoft.QGemm", 1, 1, import_qgemm}};
  return kRules;
}

std::span<const ImportRule> Dequantize::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.DequantizeLinear", 10, kLastOpset, import_dequantize_linear},
                                          {"com.microsoft.DequantizeLinear", 1, 1, import_dequantize_linear},
                                          {"onnx.ConvInteger", 10, kLastOpset, import_integer_sums},
                                          {"onnx.MatMulInteger", 10, kLastOpset, import_integer_sums}};
  return kRules;
}

}  // namespace tpuc::ops
