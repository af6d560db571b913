// Views between products of matrices: those of the products, so that attention is one chain.
#include "backends/bm1684x/kernels/eltwise_matrices.h"

#include <catch2/catch.hpp>

#include "backends/bm1684x/plan/group.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/quantize.h"
#include "ops/softmax.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

TEST_CASE("attention of bytes stays in local memory from product to product", "[kernel]") {
  ConstantStore store;
  Graph g("attention", store);
  constexpr int64_t kHeads = 12, kRows = 384, kDepth = 64;
  const auto input = [&](DType t, Dims d, const char* name) { return g.input({t, std::move(d), {}}, name); };
  Value *q = input(DType::I8, {1, kHeads, kRows, kDepth}, "q"), *k = input(DType::I8, {1, kHeads, kRows, kDepth}, "k"),
        *v = input(DType::I8, {1, kHeads, kRows, kDepth}, "v"), *mask = input(DType::F32, {1, 1, 1, kRows}, "mask");
  Op& scores = g.add<ops::MatMul>({q, k}, {.transpose_b = true});
  Op& real = g.add<ops::Dequantize>({scores.out(0)}, {.scale = 0.01F});
  Op& masked = g.add<ops::Add>({real.out(0), mask});
  Op& shares = g.add<ops::Softmax>({masked.out(0)}, {.axis = 3});
  Op& bytes = g.add<ops::Quantize>({shares.out(0)}, {.to = DType::U8, .scale = 1.0F / 255});
  g.set_outputs({g.add<ops::MatMul>({bytes.out(0), v}).out(0)});
  const View matrices = row_major({kHeads, kRows, 1, kRows});
  for (const Op* op : {&real, &masked, &shares, &bytes}) {
    CHECK(follows_matrices(*op));
    CHECK(find_kernel(op->name())->views(*op).out == matrices);
  }
  CHECK(find_kernel("add")->views(masked).in[1] == row_major({1, 1, 1, kRows}));
  CHECK(plan_groups(g, {}).size() == 1);
}

TEST_CASE("pictures are seen as pictures", "[kernel]") {
  ConstantStore store;
  Graph g("picture", store);
  Value* x = g.input({DType::F32, {1, 3, 80, 80}, {}}, "x");
  Op& conv = g.add<ops::Conv2d>({x, g.constant(Tensor(DType::F32, {12, 3, 1, 1}), "w")});
  Op& sum = g.add<ops::Add>({conv.out(0), conv.out(0)});
  g.set_outputs({sum.out(0)});
  CHECK_FALSE(follows_matrices(sum));
  CHECK(find_kernel("add")->views(sum).out == row_major({1, 12, 80, 80}));
}

TEST_CASE("operands with some of the leading axes only are not stacks", "[kernel]") {
  const Dims out{2, 3, 4, 5}, heads{1, 3, 1, 1}, row{5}, all{2, 3, 1, 5};
  const auto broadcast = [&](const Dims& d) {
    const Dims* in[] = {&d};
    return as_matrices(out, in);
  };
  CHECK_FALSE(broadcast(heads));
  CHECK(broadcast(row)->in[0] == Dims{1, 1, 1, 5});
  CHECK(broadcast(all)->in[0] == Dims{6, 1, 1, 5});
  CHECK(broadcast(all)->out == Dims{6, 4, 1, 5});
}
