// permute(permute(x){a}){b}  ->  permute(x){a after b}
// permute(x)  ->  reshape(x)                  where only axes of length 1 change places
// matmul(permute(a), b)  ->  matmul(a, b){transpose_a}      where the last two axes are swapped; likewise b
#include <algorithm>
#include <numeric>

#include "ops/matmul.h"
#include "ops/shape.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

Outcome merge(const Match& m, const Op& root, Rewriter& rw) {
  const auto &first = m.op("inner").attrs<Permute>().order, &second = root.attrs<Permute>().order;
  Permute::Attrs both;
  for (const int64_t axis : second) both.order.push_back(first[static_cast<size_t>(axis)]);
  return rw.replace_root(rw.add<Permute>({m["x"]}, both));
}

Outcome to_reshape(const Match& m, const Op& root, Rewriter& rw) {
  const auto& order = root.attrs<Permute>().order;
  int64_t last = -1;
  for (const int64_t axis : order) {
    if (m["x"]->type.dims[static_cast<size_t>(axis)] == 1) continue;
    if (axis < last) return rw.no_match("axes longer than 1 change places");
    last = axis;
  }
  return rw.replace_root(rw.add<Reshape>({m["x"]}, {.shape = root.out(0)->type.dims}));
}

bool swaps_last_two(const std::vector<int64_t>& order) {
  std::vector<int64_t> wanted(order.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  if (wanted.size() < 2) return false;
  std::swap(wanted[wanted.size() - 1], wanted[wanted.size() - 2]);
  return order == wanted;
}

Outcome into_matmul(const Match& m, const Op& root, Rewriter& rw, size_t operand, bool MatMul::Attrs::*transpose) {
  if (!swaps_last_two(m.op("permute").attrs<Permute>().order))
    return rw.no_match("the permute does not swap the last two axes");
  auto attrs = root.attrs<MatMul>();
  attrs.*transpose = !(attrs.*transpose);
  std::vector<Value*> in = root.in();
  in[operand] = m["x"];
  return rw.replace_root(rw.add<MatMul>(std::move(in), attrs));
}

Outcome into_a(const Match& m, const Op& root, Rewriter& rw) {
  return into_matmul(m, root, rw, 0, &MatMul::Attrs::transpose_a);
}
Outcome into_b(const Match& m, const Op& root, Rewriter& rw) {
  return into_matmul(m, root, rw, 1, &MatMul::Attrs::transpose_b);
}

pat::Node permute() { return pat::op<Permute>(pat::any("x")).as("permute"); }
pat::Node bias() { return pat::optional(pat::any("bias")); }

}  // namespace

Rule merge_permutes() {
  return {"merge-permutes", "two permutes in a row are one",
          pat::op<Permute>(pat::op<Permute>(pat::any("x")).as("inner")), merge};
}
Rule permute_to_reshape() {
  return {"permute-to-reshape", "a permute that moves only axes of length 1 is a reshape",
          pat::op<Permute>(pat::any("x")), to_reshape};
}
Rule fold_permute_into_matmul_a() {
  return {"fold-permute-into-matmul-a", "a transposed first matrix is read as it is",
          pat::op<MatMul>(permute(), pat::any("b"), bias()), into_a};
}
Rule fold_permute_into_matmul_b() {
  return {"fold-permute-into-matmul-b", "a transposed second matrix is read as it is",
          pat::op<MatMul>(pat::any("a"), permute(), bias()), into_b};
}

}  // namespace tpuc
