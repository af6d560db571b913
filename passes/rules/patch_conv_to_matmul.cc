// conv2d(x, W, b)  ->  matmul(patches(x), W^T, b), permuted      filter as large as its stride, no pads, one group
//   A patch embedding reads every pixel once. As a matrix product its sum runs over a whole patch at a time, and the
//   permute behind it meets the one that a transformer has there anyway. Small patches stay: cutting them out costs
//   more in short bursts than the array gains.
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

constexpr int64_t kSmallestPatch = 8;  // columns: bursts of 16 bytes in halves

// tol: another order of summation.
Outcome to_matmul(const Match& m, const Op& root, Rewriter& rw) {
  const auto& a = root.attrs<Conv2d>();
  const Dims &x = m["x"]->type.dims, &w = m["w"]->type.dims, &y = root.out(0)->type.dims;
  const int64_t r = w[2], s = w[3];
  if (a.strides != std::vector<int64_t>{r, s} || s < kSmallestPatch)
    return rw.no_match("the filter is not a large patch as wide as its stride");
  if (a.group != 1 || a.pads != std::vector<int64_t>(4, 0) || a.dilations != std::vector<int64_t>{1, 1})
    return rw.no_match("groups, pads or dilations");
  if (x[2] != y[2] * r || x[3] != y[3] * s) return rw.no_match("rows or columns are left over");
  Value* parts = rw.add<Reshape>({m["x"]}, {.shape = {x[0], x[1], y[2], r, y[3], s}});
  Value* patches = rw.add<Permute>({parts}, {.order = {0, 2, 4, 1, 3, 5}});
  Value* rows = rw.add<Reshape>({patches}, {.shape = {x[0], y[2] * y[3], x[1] * r * s}});
  std::vector<Value*> in{rows, rw.constant(rw.data(m["w"]).reshaped({w[0], w[1] * r * s}))};
  if (m["b"] != nullptr) in.push_back(m["b"]);
  Value* product = rw.add<MatMul>(std::move(in), {.transpose_b = true, .activation = a.activation});
  Value* planes = rw.add<Permute>({product}, {.order = {0, 2, 1}});
  return rw.replace_root(rw.add<Reshape>({planes}, {.shape = y}));
}

}  // namespace

Rule patch_conv_to_matmul() {
  return {"patch-conv-to-matmul", "a convolution over large patches that do not overlap is a matrix product",
          pat::op<Conv2d>(pat::any("x"), pat::constant("w"), pat::optional(pat::any("b"))), to_matmul};
}

}  // namespace tpuc
