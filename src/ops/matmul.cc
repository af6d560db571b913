// Matrix products: shape inference, reference evaluation and the ONNX rules of MatMul and Gemm.
#include "ops/matmul.h"

#include <algorithm>

#include "ops/eltwise.h"
#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/infer_check.h"
#include "ops/integer_sum.h"
#include "ops/quantize_import.h"
#include "ops/recurrent_import.h"
#include "ops/shape.h"
#include "ops/weight_matmul.h"
#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {
namespace {

// The last two dimensions in the order the product reads them, and those before.
struct Operand {
  Dims batch;
  int64_t rows, cols;
};
Operand operand(const Dims& dims, bool transposed) {
  const size_t rank = dims.size();
  Operand o{{dims.begin(), dims.end() - 2}, dims[rank - 2], dims[rank - 1]};
  if (transposed) std::swap(o.rows, o.cols);
  return o;
}

// Which matrix of an operand belongs to matrix number `index` of the result: numpy broadcasting, right-aligned.
int64_t batch_index(const Dims& batch, const Dims& out_batch, int64_t index) {
  int64_t result = 0, stride = 1;
  for (size_t back = 1; back <= out_batch.size(); ++back) {
    const int64_t length = out_batch[out_batch.size() - back], at = index % length;
    index /= length;
    if (back > batch.size()) continue;
    const int64_t own = batch[batch.size() - back];
    result += (own == 1 ? 0 : at) * stride;
    stride *= own;
  }
  return result;
}

// One matrix of the operand as [rows, cols], whatever its storage order.
template <class T>
std::vector<T> row_major(const std::vector<T>& all, const Operand& o, bool transposed, int64_t matrix) {
  const T* from = all.data() + matrix * o.rows * o.cols;
  std::vector<T> m(from, from + o.rows * o.cols);
  if (!transposed) return m;
  for (int64_t i = 0; i < o.rows; ++i)
    for (int64_t j = 0; j < o.cols; ++j) m[static_cast<size_t>(i * o.cols + j)] = from[j * o.rows + i];
  return m;
}

template <class T>
void multiply(const std::vector<T>& a, const std::vector<T>& b, int64_t rows, int64_t depth, int64_t cols, T* y) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < depth; ++k) {
      const T factor = a[static_cast<size_t>(i * depth + k)];
      const T* b_row = b.data() + k * cols;
      for (int64_t j = 0; j < cols; ++j) y[i * cols + j] += factor * b_row[j];
    }
}

Dims in_order(const Dims& dims, const std::vector<int64_t>& order) {
  Dims d;
  for (const int64_t axis : order) d.push_back(dims[static_cast<size_t>(axis)]);
  return order.empty() ? dims : d;
}

// permute(x){order}: element by element.
template <class T>
std::vector<T> permuted(std::vector<T> x, const Dims& dims, const std::vector<int64_t>& order) {
  if (order.empty()) return x;
  const Dims strides = row_major_strides(dims), to = in_order(dims, order);
  std::vector<T> y(x.size());
  for (size_t i = 0; i < y.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t from = 0;
    for (size_t axis = to.size(); axis-- > 0; rest /= to[axis])
      from += rest % to[axis] * strides[static_cast<size_t>(order[axis])];
    y[i] = x[static_cast<size_t>(from)];
  }
  return y;
}

// Less the zero point, which other types than 8-bit integers do not have.
template <class T>
std::vector<T> factors(const Tensor& t, int64_t zero, const std::vector<int64_t>& order) {
  std::vector<T> x = elements<T>(t);
  if (zero != 0)
    for (T& v : x) v -= static_cast<T>(zero);
  return permuted(std::move(x), t.dims(), order);
}

// The product before order_y.
Dims product_dims(const Dims& y, const std::vector<int64_t>& order) {
  Dims d = y;
  for (size_t i = 0; i < order.size(); ++i) d[static_cast<size_t>(order[i])] = y[i];
  return d;
}

void check_order(const InferCtx& ctx, std::string_view what, const std::vector<int64_t>& order, size_t rank) {
  if (order.empty()) return;
  std::vector<int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  bool is_order = sorted.size() == rank;
  for (size_t i = 0; is_order && i < rank; ++i) is_order = sorted[i] == static_cast<int64_t>(i);
  if (!is_order)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: {} is {}, expected the axes 0 to {} in some order", ctx.op, what,
                               to_string(order), rank - 1));
}

template <class T>
void eval_matmul(const EvalArgs& in, const MatMul::Attrs& attrs, Tensor& out) {
  const Operand a = operand(in_order(in[0].dims(), attrs.order_a), attrs.transpose_a),
                b = operand(in_order(in[1].dims(), attrs.order_b), attrs.transpose_b);
  const Dims product = product_dims(out.dims(), attrs.order_y);
  const Operand y = operand(product, false);
  const std::vector<T> a_all = factors<T>(in[0], attrs.zero_a, attrs.order_a),
                       b_all = factors<T>(in[1], attrs.zero_b, attrs.order_b);
  std::vector<T> result(static_cast<size_t>(out.count()));
  for (int64_t i = 0; i < element_count(y.batch); ++i)
    multiply(row_major(a_all, a, attrs.transpose_a, batch_index(a.batch, y.batch, i)),
             row_major(b_all, b, attrs.transpose_b, batch_index(b.batch, y.batch, i)), a.rows, a.cols, b.cols,
             result.data() + i * y.rows * y.cols);
  if (in.has(2)) {
    const std::vector<T> bias = elements<T>(in[2]);
    for (size_t i = 0; i < result.size(); ++i) result[i] += bias[i % bias.size()];
  }
  if (attrs.activation != Activation::None)
    for (T& v : result) v = static_cast<T>(apply(attrs.activation, static_cast<float>(v)));
  if constexpr (std::is_same_v<T, int64_t>) requantize_sums(in, result, b.cols, 1, out.dtype());
  store(out, permuted(std::move(result), product, attrs.order_y));
}

// Checks the element types; the result's.
DType result_type(const InferCtx& ctx, const MatMul::Attrs& attrs, int64_t columns) {
  const DType a = ctx.type(0).dtype, b = ctx.type(1).dtype;
  if (is_byte(a)) {
    require_type(ctx, 1, is_byte, "i8 or u8 as the first");
    require_byte(ctx, "zero_a", attrs.zero_a, a);
    require_byte(ctx, "zero_b", attrs.zero_b, b);
    return require_integer_sum(ctx, attrs.to, attrs.activation, columns, true);
  }
  require_number(ctx);
  if (is_float(a)) require_floats(ctx);
  if (!is_float(a) && a != b)
    throw UserError(diagnostic(ErrorCode::E1202, "{}: operands are {} and {}, expected the same type", ctx.op,
                               to_string(a), to_string(b)));
  require_byte(ctx, "zero_a", attrs.zero_a, a);
  require_byte(ctx, "zero_b", attrs.zero_b, a);
  require_no_integer_operands(ctx, attrs.to);
  require_vector(ctx, 2, "bias", columns, "columns");
  return a;
}

Diagnostic depth_error(const InferCtx& ctx, int64_t a, int64_t b) {
  return diagnostic(ErrorCode::E1209, "{}: the first operand has {} columns, the second {} rows", ctx.op, a, b)
      .note("first", to_string(ctx.type(0)))
      .note("second", to_string(ctx.type(1)))
      .note("hint", "columns and rows are counted after transpose_a and transpose_b");
}

// ---- ONNX

// numpy: a vector on the left is one row, on the right one column; its axis disappears from the result.
Values import_matmul(const NodeView& node, Builder& b) {
  Value *x = node.input(0), *y = node.input(1);
  const bool row = x->type.dims.size() == 1, column = y->type.dims.size() == 1;
  if (row) x = b.add<Reshape>({x}, {.shape = {1, x->type.dims[0]}});
  if (column) y = b.add<Reshape>({y}, {.shape = {y->type.dims[0], 1}});
  Value* product = b.add<MatMul>({x, y});
  if (!row && !column) return {product};
  Dims dims = product->type.dims;
  if (column) dims.pop_back();
  if (row) dims.erase(dims.end() - (column ? 1 : 2));
  return {b.add<Reshape>({product}, {.shape = dims})};
}

// v * factor: folded when v is constant, nothing to do when the factor is 1.
Value* scaled(Value* v, float factor, Builder& b) {
  if (factor == 1.0f) return v;
  if (v->is_constant()) {
    std::vector<float> data = v->tensor().to_f32();
    for (float& e : data) e *= factor;
    Tensor t(v->type.dtype, v->type.dims);
    t.assign_f32(data);
    return b.constant(std::move(t), v->name);
  }
  Tensor t(v->type.dtype, {});
  t.assign_f32(std::span(&factor, 1));
  return b.add<Mul>({v, b.constant(std::move(t))});
}

// C of Gemm as a vector of N entries, where that is what it is: [N], [1,N], and constants of one element.
Value* bias_vector(Value* c, int64_t n, Builder& b) {
  const Dims& d = c->type.dims;
  if (d == Dims{n}) return c;
  if (d == Dims{1, n}) {
    if (c->is_constant()) return b.constant(c->tensor().reshaped({n}), c->name);
    return b.add<Reshape>({c}, {.shape = {n}});
  }
  if (!c->is_constant() || element_count(d) != 1) return nullptr;
  Tensor t(c->type.dtype, {n});
  t.assign_f32(std::vector<float>(static_cast<size_t>(n), c->tensor().to_f32()[0]));
  return b.constant(std::move(t), c->name);
}

Values import_gemm(const NodeView& node, Builder& b) {
  const float alpha = node.get_float("alpha", 1.0f), beta = node.get_float("beta", 1.0f);
  MatMul::Attrs a;
  a.transpose_a = node.get_int("transA", 0) != 0;
  a.transpose_b = node.get_int("transB", 0) != 0;
  if (node.input(0)->type.dims.size() != 2 || node.input(1)->type.dims.size() != 2)
    throw UserError(diagnostic(ErrorCode::E1201, "{}: operands have {} and {} dimensions, expected 2", node.op,
                               node.input(0)->type.dims.size(), node.input(1)->type.dims.size())
                        .note("hint", "MatMul takes stacks of matrices"));
  Value *left = node.input(0), *right = node.input(1);
  (left->is_constant() ? left : right) = scaled(left->is_constant() ? left : right, alpha, b);
  if (!node.has_input(2) || beta == 0.0f) return {b.add<MatMul>({left, right}, a)};
  const int64_t n = right->type.dims[a.transpose_b ? 0 : 1];
  Value* c = scaled(node.input(2), beta, b);
  if (Value* bias = bias_vector(c, n, b)) return {b.add<MatMul>({left, right, bias}, a)};
  return {b.add<Add>({b.add<MatMul>({left, right}, a), c})};
}

}  // namespace

std::vector<TensorType> MatMul::infer(const InferCtx& ctx, const Attrs& attrs) {
  require_min_rank(ctx, 0, "first operand", 2);
  require_min_rank(ctx, 1, "second operand", 2);
  check_order(ctx, "order_a", attrs.order_a, ctx.dims(0).size());
  check_order(ctx, "order_b", attrs.order_b, ctx.dims(1).size());
  const Operand a = operand(in_order(ctx.dims(0), attrs.order_a), attrs.transpose_a),
                b = operand(in_order(ctx.dims(1), attrs.order_b), attrs.transpose_b);
  if (a.cols != b.rows) throw UserError(depth_error(ctx, a.cols, b.rows));
  const auto batch = broadcast(a.batch, b.batch);
  if (!batch)
    throw UserError(diagnostic(ErrorCode::E1203, "{}: leading dimensions {} and {} do not broadcast", ctx.op,
                               to_string(a.batch), to_string(b.batch)));
  const DType y = result_type(ctx, attrs, b.cols);
  Dims dims = *batch;
  dims.insert(dims.end(), {a.rows, b.cols});
  check_order(ctx, "order_y", attrs.order_y, dims.size());
  return {{y, in_order(dims, attrs.order_y), {}}};
}

void MatMul::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_compute_type(in[0].dtype(), [&](auto t) { eval_matmul<decltype(t)>(in, a, out[0]); });
}

Values MatMul::decompose(const Op& op, Builder& b) {
  const auto& attrs = op.attrs<MatMul>();
  if (!attrs.order_a.empty() || !attrs.order_b.empty() || !attrs.order_y.empty()) return {};
  const Dims& y = op.out(0)->type.dims;
  Values in = op.in();
  bool changed = false;
  for (size_t i = 0; i < 2; ++i) {
    const Dims& d = in[i]->type.dims;
    Dims wanted(y.begin(), y.end() - 2);
    wanted.insert(wanted.end(), d.end() - 2, d.end());
    if (element_count(wanted) == element_count(d)) continue;
    in[i] = b.add<Expand>({in[i]}, {.shape = wanted});
    changed = true;
  }
  if (!changed) return {};
  return {b.add<MatMul>(std::move(in), attrs)};
}

std::span<const ImportRule> MatMul::imports() {
  static constexpr ImportRule kRules[] = {
      {"onnx.MatMul", 1, kLastOpset, import_matmul}, {"onnx.Gemm", 1, kLastOpset, import_gemm},
      {"onnx.LSTM", 1, kLastOpset, import_lstm},     {"onnx.GRU", 1, kLastOpset, import_gru},
      {"onnx.RNN", 1, kLastOpset, import_rnn},       {"com.microsoft.MatMulNBits", 1, 1, import_matmul_nbits}};
  return kRules;
}

std::span<const OpDef> matmul_ops() {
  static const OpDef table[] = {def<MatMul>(), def<WeightMatMul>()};
  return table;
}

}  // namespace tpuc::ops
