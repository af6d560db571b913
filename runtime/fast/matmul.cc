// Matrix products by oneDNN. A constant right operand is packed when the kernel is prepared.
#include "ops/matmul.h"

#include <omp.h>

#include <algorithm>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <unordered_map>

#include "runtime/fast/fast.h"
#include "runtime/fast/integer_sum.h"
#include "runtime/fast/weight_matmul.h"

namespace tpuc::fast {
namespace {

using dnnl::memory;

// Row-major strides of an operand of `rank` axes (leading ones added), read in an order of its own and with the last
// two exchanged when transposed.
memory::desc operand(Dims dims, size_t rank, bool transposed, const std::vector<int64_t>& order = {}) {
  Dims strides = row_major_strides(dims);
  const Dims stored = dims, stored_strides = strides;
  for (size_t i = 0; i < order.size(); ++i) {
    dims[i] = stored[static_cast<size_t>(order[i])];
    strides[i] = stored_strides[static_cast<size_t>(order[i])];
  }
  const int64_t all = element_count(dims);
  strides.insert(strides.begin(), rank - dims.size(), all);
  dims.insert(dims.begin(), rank - dims.size(), 1);
  if (transposed) {
    std::swap(dims[rank - 1], dims[rank - 2]);
    std::swap(strides[rank - 1], strides[rank - 2]);
  }
  return {dims, memory::data_type::f32, strides};
}

dnnl::primitive_attr post_ops(ops::Activation activation) {
  dnnl::primitive_attr attr;
  dnnl::post_ops chain;
  if (activation == ops::Activation::Relu) chain.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0, 0);
  if (activation == ops::Activation::Relu6) chain.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0, 6);
  attr.set_post_ops(chain);
  return attr;
}

// Multiplications below which threads cost more than they save.
constexpr int64_t kSmallProduct = 1 << 19;
// Few rows do not pay for a packed copy of a matrix of a usual size: the steps of a recurrent layer would have one
// each.
constexpr int64_t kFewRows = 8, kUsualMatrix = 1 << 22;

// One thread for a scope, where `wanted`; oneDNN plans for as many as there are.
class OneThread {
 public:
  explicit OneThread(bool wanted) : before_(omp_get_max_threads()) {
    if (wanted) omp_set_num_threads(1);
  }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

struct Product {
  dnnl::engine engine;
  dnnl::stream stream;
  dnnl::matmul primitive;
  memory::desc a, b, y, bias;
  memory packed_b;          // empty: b as it comes
  bool one_thread = false;  // small, or its sums would depend on how many there are

  void run(EvalArgs in, Tensor& out) {
    const OneThread one(one_thread);
    execute(in, out);
  }

  void execute(EvalArgs in, Tensor& out) {
    const auto borrow = [&](const memory::desc& d, const Tensor& t) {
      return memory(d, engine, const_cast<std::byte*>(t.bytes().data()));  // dnnl takes no const pointers
    };
    std::unordered_map<int, memory> args{{DNNL_ARG_SRC, borrow(a, in[0])},
                                         {DNNL_ARG_WEIGHTS, packed_b ? packed_b : borrow(b, in[1])},
                                         {DNNL_ARG_DST, memory(y, engine, out.mutable_bytes().data())}};
    if (in.has(2)) args.emplace(DNNL_ARG_BIAS, borrow(bias, in[2]));
    primitive.execute(stream, args);
    stream.wait();
  }
};

// A constant right operand goes into the layout oneDNN likes best.
void pack(Product& p, const memory::desc& want, const Tensor& b) {
  if (want == p.b) return;
  memory from(p.b, p.engine, const_cast<std::byte*>(b.bytes().data()));
  p.packed_b = memory(want, p.engine);
  dnnl::reorder(from, p.packed_b).execute(p.stream, from, p.packed_b);
  p.stream.wait();
}

// [batch...,M,K] x [K,N] with everything in front one axis: a plain product of two matrices.
bool flattens(const Site& site, const ops::MatMul::Attrs& attrs) {
  return !attrs.transpose_a && attrs.order_a.empty() && attrs.order_b.empty() && attrs.order_y.empty() &&
         element_count(site.dims(1)) == site.dims(1).back() * site.dims(1)[site.dims(1).size() - 2];
}

// The result is stored as permute(product){order}: the product's axis order[i] is the stored axis i.
std::vector<int64_t> inverse(const std::vector<int64_t>& order) {
  std::vector<int64_t> inv(order.size());
  for (size_t i = 0; i < order.size(); ++i) inv[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return inv;
}

Kernel build(const Site& site) {
  const auto& attrs = site.attrs_of<ops::MatMul>();
  Dims a = site.dims(0), b = site.dims(1), y = site.out[0].dims;
  if (flattens(site, attrs)) {
    a = {element_count(a) / a.back(), a.back()};
    b = {b.end() - 2, b.end()};
    y = {element_count(y) / y.back(), y.back()};
  }
  // oneDNN's better version knows matrices read in an order of their own only with two axes of batches.
  const bool has_order = !attrs.order_a.empty() || !attrs.order_b.empty() || !attrs.order_y.empty();
  const size_t rank = has_order ? std::max<size_t>(4, y.size()) : y.size();
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  Product p{engine,
            dnnl::stream(engine),
            {},
            operand(a, rank, attrs.transpose_a, attrs.order_a),
            operand(b, rank, attrs.transpose_b, attrs.order_b),
            operand(y, rank, false, inverse(attrs.order_y)),
            {},
            {},
            false};
  if (site.has(2)) {
    Dims bias(rank, 1);
    bias.back() = site.dims(2).back();
    p.bias = operand(bias, rank, false);
  }
  const bool is_small = element_count(y) * a[a.size() - (attrs.transpose_a ? 2 : 1)] < kSmallProduct;
  const OneThread one(is_small);
  const bool is_step = rank == 2 && y[0] < kFewRows && element_count(b) <= kUsualMatrix;
  const bool pack_b = site.constant(1) != nullptr && rank == 2 && !is_step;
  const memory::desc b_any = pack_b ? memory::desc(p.b.dims(), memory::data_type::f32, memory::format_tag::any) : p.b;
  const auto desc = site.has(2) ? dnnl::matmul::desc(p.a, b_any, p.bias, p.y) : dnnl::matmul::desc(p.a, b_any, p.y);
  const dnnl::matmul::primitive_desc pd(desc, post_ops(attrs.activation), engine);
  p.primitive = dnnl::matmul(pd);
  p.one_thread = is_small || std::string_view(pd.impl_info_str()).starts_with("gemm");
  if (pack_b) pack(p, pd.weights_desc(), *site.constant(1));
  return [p](EvalArgs in, std::span<Tensor> out) mutable { p.run(in, out[0]); };
}

// What oneDNN refuses runs by `eval`.
Kernel prepare_matmul(const Site& site) {
  if (element_count(site.in[0]) == 0 || element_count(site.in[1]) == 0) return {};
  try {
    return build(site);
  } catch (const dnnl::error&) {
    return {};
  }
}

// The stored axis that is axis `index` of what the operand is read as.
size_t stored_axis(const std::vector<int64_t>& order, size_t index) {
  return order.empty() ? index : static_cast<size_t>(order[index]);
}

Kernel prepare_integer_matmul(const Site& site) {
  ops::MatMul::Attrs attrs = site.attrs_of<ops::MatMul>();
  const Dims &a = site.dims(0), &b = site.dims(1), &y = site.out[0].dims;
  const size_t a_rank = a.size(), b_rank = b.size(), y_rank = y.size();
  IntegerSum sum;
  sum.x_axis = stored_axis(attrs.order_a, a_rank - (attrs.transpose_a ? 2 : 1));
  sum.w_axis = stored_axis(attrs.order_b, b_rank - (attrs.transpose_b ? 1 : 2));
  sum.x_zero = attrs.zero_a, sum.w_zero = attrs.zero_b;
  // Columns are the product's last axis, which is stored where order_y says.
  size_t columns = y_rank - 1;
  for (size_t i = 0; i < attrs.order_y.size(); ++i)
    if (attrs.order_y[i] == static_cast<int64_t>(y_rank) - 1) columns = i;
  sum.channels = y[columns];
  for (size_t i = columns + 1; i < y_rank; ++i) sum.inner *= y[i];
  if (b_rank == 2 && attrs.order_b.empty())
    sum.place = [inner = b[1], is_transposed = attrs.transpose_b](int64_t row) {
      return is_transposed ? IntegerSum::Place{row / inner, row % inner} : IntegerSum::Place{row % inner, row / inner};
    };
  attrs.zero_a = attrs.zero_b = 0;
  attrs.to = DType::I32;
  return prepare_integer_sum(site, sum, prepare_matmul, attrs);
}

}  // namespace

std::span<const Row> matmul_rows() {
  static constexpr Row kRows[] = {
      {"matmul", prepare_matmul, false, prepare_integer_matmul},
      {"weight_matmul", [](const Site& site) { return prepare_weight_matmul(site, prepare_matmul); }, true}};
  return kRows;
}

}  // namespace tpuc::fast
