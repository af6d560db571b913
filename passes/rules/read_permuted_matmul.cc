// matmul(permute(a){o}, b)  ->  matmul(a, b){order_a=o}      likewise b; permute(matmul(a, b)){o} -> matmul{order_y=o}
//   One leading axis, the heads of attention, stands between rows and columns: the product reads and writes it there.
//   The columns stay innermost in memory (bursts), and one batch axis longer than 1 is all that moves.
#include <numeric>

#include "ops/matmul.h"
#include "ops/shape.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;
using Order = std::vector<int64_t>;

int64_t heads(const Dims& dims) {
  int64_t longest = 1, longer = 0;
  for (size_t i = 0; i + 2 < dims.size(); ++i)
    if (dims[i] > 1) longest = dims[i], ++longer;
  return longer == 1 ? longest : 1;
}

bool is_identity(const Order& order) {
  Order plain(order.size());
  std::iota(plain.begin(), plain.end(), 0);
  return order == plain;
}

Outcome read_permuted(const Match& m, const Op& root, Rewriter& rw, size_t operand, bool MatMul::Attrs::*transpose,
                      Order MatMul::Attrs::*order) {
  auto attrs = root.attrs<MatMul>();
  if (!(attrs.*order).empty()) return rw.no_match("the operand has an order already");
  if (heads(root.in(0)->type.dims) == 1 || heads(root.in(1)->type.dims) == 1)
    return rw.no_match("the operands are not stacks along one axis");
  Order o = m.op("permute").attrs<Permute>().order;
  const size_t rank = o.size();
  const auto innermost = static_cast<int64_t>(rank - 1);
  if (o[rank - 2] == innermost) {
    std::swap(o[rank - 2], o[rank - 1]);
    attrs.*transpose = !(attrs.*transpose);
  }
  if (o[rank - 1] != innermost) return rw.no_match("neither rows nor columns are innermost in memory");
  attrs.*order = is_identity(o) ? Order{} : o;
  std::vector<Value*> in = root.in();
  in[operand] = m["x"];
  return rw.replace_root(rw.add<MatMul>(std::move(in), attrs));
}

Outcome read_a(const Match& m, const Op& root, Rewriter& rw) {
  return read_permuted(m, root, rw, 0, &MatMul::Attrs::transpose_a, &MatMul::Attrs::order_a);
}
Outcome read_b(const Match& m, const Op& root, Rewriter& rw) {
  return read_permuted(m, root, rw, 1, &MatMul::Attrs::transpose_b, &MatMul::Attrs::order_b);
}

Outcome write_permuted(const Match& m, const Op& root, Rewriter& rw) {
  auto attrs = m.op("product").attrs<MatMul>();
  if (!attrs.order_y.empty()) return rw.no_match("the product has an order already");
  const Order& o = root.attrs<Permute>().order;
  if (heads(m.op("product").out(0)->type.dims) == 1 || heads(m["a"]->type.dims) == 1)
    return rw.no_match("the product is not a stack along one axis");
  if (o.back() != static_cast<int64_t>(o.size()) - 1) return rw.no_match("the columns do not stay innermost");
  attrs.order_y = o;
  return rw.replace_root(rw.add<MatMul>(m.op("product").in(), attrs));
}

pat::Node permute() { return pat::op<Permute>(pat::runtime("x")).as("permute"); }
pat::Node bias() { return pat::optional(pat::any("bias")); }

}  // namespace

Rule read_permuted_matmul_a() {
  return {"read-permuted-matmul-a", "a product reads the heads of its first operand where they are",
          pat::op<MatMul>(permute(), pat::any("b"), bias()), read_a};
}
Rule read_permuted_matmul_b() {
  return {"read-permuted-matmul-b", "a product reads the heads of its second operand where they are",
          pat::op<MatMul>(pat::any("a"), permute(), bias()), read_b};
}
Rule write_permuted_matmul() {
  return {"write-permuted-matmul", "a product writes its heads where they belong",
          pat::op<Permute>(pat::op<MatMul>(pat::any("a"), pat::any("b"), bias()).one_use().as("product")),
          write_permuted};
}

}  // namespace tpuc
