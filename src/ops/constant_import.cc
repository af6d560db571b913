// ONNX nodes whose result is known once shapes are; and OneHot and Trilu, which need only constants beside their input.
#include "ops/constant_import.h"

#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"
#include "ops/eltwise.h"
#include "ops/import.h"

namespace tpuc::ops {

namespace {

constexpr int64_t kMaxConstantBytes = int64_t{1} << 31;

// A tensor of zeros; E1023 when a damaged or senseless shape asks for too much memory.
Tensor make_constant(const NodeView& n, DType dtype, Dims dims) {
  if (!is_sane(dims, dtype, kMaxConstantBytes))
    throw UserError(
        diagnostic(ErrorCode::E1023, "{}: the result would be {}{}", n.op, to_string(dtype), to_string(dims))
            .note("hint", "a constant made at import has at most 2 GiB"));
  return Tensor(dtype, std::move(dims));
}

Values ints(Builder& b, Dims dims, const std::vector<int64_t>& values) {
  return {b.constant(Tensor::from_i64(std::move(dims), values))};
}

}  // namespace

Values import_shape(const NodeView& n, Builder& b) {
  const Dims& dims = n.input(0)->type.dims;
  const auto rank = static_cast<int64_t>(dims.size());
  const auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  const int64_t start = clamp(n.get_int("start", 0)), end = std::max(start, clamp(n.get_int("end", rank)));
  return ints(b, {end - start}, Dims(dims.begin() + start, dims.begin() + end));
}

Values import_size(const NodeView& n, Builder& b) { return ints(b, {}, {element_count(n.input(0)->type.dims)}); }

Values import_constant(const NodeView& n, Builder& b) {
  if (const auto it = n.attrs.find("value"); it != n.attrs.end())
    if (const auto* t = std::get_if<Tensor>(&it->second)) return {b.constant(*t)};
  if (n.has_attr("value_int")) return ints(b, {}, {n.get_int("value_int", 0)});
  if (n.has_attr("value_ints")) {
    const auto values = n.get_ints("value_ints");
    return ints(b, {static_cast<int64_t>(values.size())}, values);
  }
  if (n.has_attr("value_float")) return {b.scalar(n.get_float("value_float", 0))};
  if (n.has_attr("value_floats")) {
    const auto values = n.get_floats("value_floats");
    return {b.constant(Tensor::from_f32({static_cast<int64_t>(values.size())}, values))};
  }
  throw UserError(
      diagnostic(ErrorCode::E1013, "Constant: no attribute holds a tensor or numbers")
          .note("hint", "value, value_int(s) and value_float(s) are supported; strings and sparse are not"));
}

Values import_constant_of_shape(const NodeView& n, Builder& b) {
  double value = 0;
  DType dtype = DType::F32;
  if (const auto it = n.attrs.find("value"); it != n.attrs.end()) {
    const auto* t = std::get_if<Tensor>(&it->second);
    if (t == nullptr || t->count() != 1)
      throw UserError(diagnostic(ErrorCode::E1013, "ConstantOfShape: attribute `value` is no tensor of one element"));
    value = t->to_f64()[0];
    dtype = t->dtype();
  }
  Tensor t = make_constant(n, dtype, n.constant_ints(0));
  if (value != 0) t.assign_f64(std::vector<double>(static_cast<size_t>(t.count()), value));
  return {b.constant(std::move(t))};
}

Values import_eye_like(const NodeView& n, Builder& b) {
  const TensorType& type = n.input(0)->type;
  if (type.dims.size() != 2) refuse(n, fmt::format("the input is {}", to_string(type)), "it must be a matrix");
  const auto dtype = n.has_attr("dtype") ? onnx_dtype(n.get_int("dtype", 1)) : type.dtype;
  if (!dtype) throw UserError(diagnostic(ErrorCode::E1020, "EyeLike: {}", onnx_type_name(n.get_int("dtype", 1))));
  Tensor t = make_constant(n, *dtype, type.dims);
  std::vector<double> values(static_cast<size_t>(t.count()));
  const int64_t k = n.get_int("k", 0), columns = type.dims[1];
  for (int64_t row = 0; row < type.dims[0]; ++row) {
    const int64_t column = row + std::clamp(k, -type.dims[0], columns);
    if (column >= 0 && column < columns) values[static_cast<size_t>(row * columns + column)] = 1;
  }
  t.assign_f64(values);
  return {b.constant(std::move(t))};
}

Values import_range(const NodeView& n, Builder& b) {
  const double start = constant_number(n, 0), limit = constant_number(n, 1), delta = constant_number(n, 2);
  const double count = delta == 0 ? -1 : std::ceil((limit - start) / delta);
  if (delta == 0 || std::isnan(count) || count > 1e9)
    throw UserError(diagnostic(ErrorCode::E1208, "Range: from {} to {} by {}", start, limit, delta));
  Tensor t = make_constant(n, n.input(0)->type.dtype, {static_cast<int64_t>(std::max(count, 0.0))});
  std::vector<double> values(static_cast<size_t>(t.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * delta;
  t.assign_f64(values);
  return {b.constant(std::move(t))};
}

// [rank, count]: the positions, axis by axis, of elements that are not zero.
Values import_non_zero(const NodeView& n, Builder& b) {
  const Tensor& x = n.constant_input(0);
  const auto values = x.to_f64();
  const size_t rank = std::max<size_t>(x.dims().size(), 1);
  std::vector<std::vector<int64_t>> positions(rank);
  Walk walk(x.dims().empty() ? Dims{1} : x.dims(), {});
  for (const double v : values) {
    for (size_t axis = 0; v != 0 && axis < rank; ++axis) positions[axis].push_back(walk.position()[axis]);
    walk.next();
  }
  std::vector<int64_t> flat;
  for (const auto& axis : positions) flat.insert(flat.end(), axis.begin(), axis.end());
  return ints(b, {static_cast<int64_t>(rank), static_cast<int64_t>(positions[0].size())}, flat);
}

// equal(indices at a new axis, 0..depth-1) ? on : off; a negative index counts from the end.
Values import_one_hot(const NodeView& n, Builder& b) {
  Value* indices = n.input(0);
  const auto depth = static_cast<int64_t>(constant_number(n, 1));
  const Tensor& values = n.constant_input(2);
  if (values.count() != 2 || depth < 1 || depth > (1 << 24))
    throw UserError(diagnostic(ErrorCode::E1208, "OneHot: depth {} and {} values", depth, values.count()));
  const size_t rank = indices->type.dims.size() + 1;
  const auto axis = static_cast<size_t>(wrap_axis(n, n.get_int("axis", -1), rank));
  Dims dims = indices->type.dims;
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  Dims row(rank, 1);
  row[axis] = depth;
  Tensor up(indices->type.dtype, row), down(indices->type.dtype, row);
  std::vector<double> ramp(static_cast<size_t>(depth));
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  up.assign_f64(ramp);
  for (double& v : ramp) v -= static_cast<double>(depth);
  down.assign_f64(ramp);
  Value* x = reshape(b, indices, std::move(dims));
  Value* hot =
      b.add<Or>({b.add<Equal>({x, b.constant(std::move(up))}), b.add<Equal>({x, b.constant(std::move(down))})});
  const auto both = values.to_f64();
  Tensor off(values.dtype(), {}), on(values.dtype(), {});
  off.assign_f64(std::span(&both[0], 1));
  on.assign_f64(std::span(&both[1], 1));
  return {b.add<Select>({hot, b.constant(std::move(on)), b.constant(std::move(off))})};
}

// Keeps one triangle of the last two axes: select(mask, x, 0).
Values import_trilu(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const Dims& dims = x->type.dims;
  if (dims.size() < 2) refuse(n, fmt::format("the input is {}", to_string(dims)), "it must have two axes or more");
  const int64_t rows = dims[dims.size() - 2], columns = dims.back();
  const int64_t k = n.has_input(1) ? static_cast<int64_t>(constant_number(n, 1)) : 0;
  const bool upper = n.get_int("upper", 1) != 0;
  Tensor mask = make_constant(n, DType::Bool, {rows, columns});
  auto keep = mask.as_mutable<uint8_t>();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) keep[static_cast<size_t>(r * columns + c)] = upper ? c - r >= k : c - r <= k;
  return {b.add<Select>({b.constant(std::move(mask)), x, scalar_like(b, x, 0)})};
}

}  // namespace tpuc::ops
