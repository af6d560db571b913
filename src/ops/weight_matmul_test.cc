// weight_matmul: values worked out by hand, each attribute, one bad input per error.
#include "ops/weight_matmul.h"

#include <catch2/catch.hpp>

#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

Tensor bytes(DType t, Dims dims, const Reals& v) { return typed(t, std::move(dims), v); }

}  // namespace

TEST_CASE("weight_matmul dequantizes by column and group", "[op]") {
  const Tensor x = f32({1, 2}, {1, 2}), q = bytes(DType::I8, {2, 2}, {1, -2, 3, 4});
  CHECK(values<WeightMatMul>({x, q, f32({1, 1, 2}, {0.5F, 2})}) == Reals{3.5, 12});
  CHECK(values<WeightMatMul>({x, q, f32({1, 1, 2}, {0.5F, 2})}, {.zero = 1}) == Reals{2, 6});
  CHECK(values<WeightMatMul>({x, q, f32({2, 1, 2}, {1, 1, 0.5F, 2})}, {.group = 1}) == Reals{4, 14});
  CHECK(values<WeightMatMul>({x, q, f32({1, 2, 2}, {1, 1, 1, 2})}) == Reals{4, 0});
  CHECK(values<WeightMatMul>({x, q, f32({1, 1, 2}, {1, 1}), f32({2}, {-10, 1})}, {.activation = Activation::Relu}) ==
        Reals{0, 7});
}

TEST_CASE("two rows of 4 bits share a byte, 64 apart", "[op]") {
  std::vector<double> q(130), ones(130, 1);
  for (size_t k = 0; k < q.size(); ++k) q[k] = static_cast<double>(k % 16);
  const Tensor packed = pack_nibbles(bytes(DType::U8, {130, 1}, q));
  CHECK(packed.dims() == Dims{128, 1});
  CHECK(packed.to_i64()[1] == (1 | 1 << 4));  // rows 1 and 65
  const Tensor steps = f32({1, 1, 1}, {1});
  CHECK(dequantized_weights(packed, steps, {.bits = 4}, 130, DType::F32).to_f64() == q);
  CHECK(values<WeightMatMul>({bytes(DType::F32, {1, 130}, ones), packed, steps}, {.bits = 4}) == Reals{8 * 120 + 1});
}

TEST_CASE("weight_matmul refuses what it cannot mean", "[op]") {
  const Tensor x = f32({1, 2}, {1, 2}), q = bytes(DType::I8, {2, 2}, {1, -2, 3, 4}), s = f32({1, 1, 2}, {1, 1});
  CHECK(error_of<WeightMatMul>({q, q, s}) == 1202);
  CHECK(error_of<WeightMatMul>({x, x, s}) == 1202);
  CHECK(error_of<WeightMatMul>({x, q, q}) == 1202);
  CHECK(error_of<WeightMatMul>({x, q, s}, {.bits = 4}) == 1208);
  CHECK(error_of<WeightMatMul>({x, q, s}, {.bits = 3}) == 1208);
  CHECK(error_of<WeightMatMul>({x, q, s}, {.group = -1}) == 1208);
  CHECK(error_of<WeightMatMul>({x, q, s}, {.zero = 200}) == 1208);
  CHECK(error_of<WeightMatMul>({x, q, f32({2}, {1, 1})}) == 1201);
  CHECK(error_of<WeightMatMul>({x, q, s}, {.group = 1}) == 1209);
  CHECK(error_of<WeightMatMul>({f32({1, 3}, {1, 2, 3}), q, s}) == 1209);
  CHECK(error_of<WeightMatMul>({x, q, s, f32({3}, {1, 2, 3})}) == 1209);
}

}  // namespace tpuc::ops::test
