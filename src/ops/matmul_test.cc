// Matrix products: vectors, Gemm, integers, errors. More values: vectors_test.cc.
#include "ops/matmul.h"

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

ImportCase gemm(Dims a, Dims b) {
  ImportCase c("Gemm", 13);
  c.input(counting(std::move(a))).constant(counting(std::move(b)));
  return c;
}

TEST_CASE("MatMul takes vectors on both sides", "[op]") {
  const auto product = [](Dims a, Dims b) {
    return ImportCase("MatMul", 13).input(counting(a)).input(counting(b)).run();
  };
  CHECK(product({3}, {3}).dims() == Dims{});
  CHECK(product({3}, {3}).to_f64() == Reals{5});
  CHECK(product({3}, {3, 2}).dims() == Dims{2});
  CHECK(product({2, 2, 3}, {3}).dims() == Dims{2, 2});
  CHECK(product({3}, {2, 3, 4}).dims() == Dims{2, 4});
}

TEST_CASE("Gemm scales, transposes and adds", "[op]") {
  CHECK(gemm({1, 2}, {2, 2}).values() == Reals{2, 3});
  CHECK(gemm({1, 2}, {2, 2}).attr("transB", int64_t{1}).values() == Reals{1, 3});
  CHECK(gemm({2, 1}, {2, 2}).attr("transA", int64_t{1}).attr("alpha", 0.5f).values() == Reals{1, 1.5});
  CHECK(gemm({1, 2}, {2, 2}).constant(f32({2}, {10, 20})).attr("beta", 2.0f).values() == Reals{22, 43});
  CHECK(gemm({1, 2}, {2, 2}).constant(f32({}, {10})).ops() == "matmul");
  CHECK(gemm({2, 2}, {2, 2}).constant(f32({2, 1}, {10, 20})).ops() == "matmul add");
  CHECK(gemm({2, 2}, {2, 2}).constant(f32({2, 1}, {10, 20})).values() == Reals{12, 13, 26, 31});
  CHECK(gemm({1, 2}, {2, 2}).input(f32({1, 2}, {10, 20})).attr("beta", 0.5f).values() == Reals{7, 13});
  CHECK(gemm({1, 2, 2}, {2, 2}).error() == 1201);
}

TEST_CASE("matmul multiplies integers exactly", "[op]") {
  CHECK(values<MatMul>({i64({1, 2}, {3, int64_t{1} << 40}), i64({2, 1}, {5, 7})}) == Reals{15 + 7 * std::pow(2.0, 40)});
}

TEST_CASE("matmul reads and writes its axes in orders of their own", "[op]") {
  // a: 2 rows of 2 heads; head 0 is [0; 2], head 1 is [1; 3]. b: [[0, 1]] and [[2, 3]].
  const Tensor a = counting({2, 2, 1}), b = counting({2, 1, 2});
  CHECK(values<MatMul>({a, b}, {.order_a = {1, 0, 2}}) == Reals{0, 0, 0, 2, 2, 3, 6, 9});
  CHECK(values<MatMul>({a, b}, {.order_a = {1, 0, 2}, .order_y = {1, 0, 2}}) == Reals{0, 0, 2, 3, 0, 2, 6, 9});
}

TEST_CASE("matmul reports shapes that do not fit", "[op]") {
  const Tensor a = counting({2, 3});
  CHECK(error_of<MatMul>({a, counting({4, 2})}) == 1209);
  CHECK(error_of<MatMul>({a, counting({3})}) == 1201);
  CHECK(error_of<MatMul>({counting({2, 2, 3}), counting({3, 3, 2})}) == 1203);
  CHECK(error_of<MatMul>({a, counting({3, 2}), counting({3})}) == 1209);
  CHECK(error_of<MatMul>({a, counting({3, 2})}, {.order_a = {0, 0}}) == 1206);
  CHECK(error_of<MatMul>({a, counting({3, 2})}, {.order_y = {1}}) == 1206);
  CHECK(error_of<MatMul>({a, i64({3, 1}, {1, 2, 3})}) == 1202);
  CHECK(error_of<MatMul>({i64({1, 1}, {1}), typed(DType::I32, {1, 1}, {1})}) == 1202);
}

TEST_CASE("matmul of 8-bit integers subtracts zero points and requantizes", "[op]") {
  const Tensor a = typed(DType::U8, {1, 2}, {255, 0}), b = typed(DType::I8, {2, 2}, {-128, 127, 1, 2});
  const MatMul::Attrs zeros{.zero_a = 5, .zero_b = -1};
  const Tensor y = eval<MatMul>({a, b}, zeros);
  CHECK(y.dtype() == DType::I32);
  CHECK(y.to_f64() == Reals{250 * -127 - 5 * 2, 250 * 128 - 5 * 3});
  const Tensor bias = typed(DType::I32, {2}, {10, 15});
  MatMul::Attrs attrs = zeros;
  attrs.to = DType::I8;
  CHECK(values<MatMul>({a, b, bias, f32({2, 2}, {0.01f, 0.001f, 400, -1})}, attrs) == Reals{82, 31});
  attrs.to = DType::U8;
  CHECK(values<MatMul>({a, b, bias, f32({2, 1}, {0.01f, 1})}, attrs) == Reals{0, 255});
  attrs.order_y = {1, 0};
  CHECK(values<MatMul>({a, b, bias, f32({2, 2}, {0.01f, 0.001f, 400, -1})}, attrs) == Reals{82, 31});
}

TEST_CASE("matmul refuses integers that do not go together", "[op]") {
  const Tensor a = typed(DType::I8, {1, 1}, {1});
  CHECK(error_of<MatMul>({a, typed(DType::U8, {1, 1}, {1})}) == 0);
  CHECK(error_of<MatMul>({a, i64({1, 1}, {1})}) == 1202);
  CHECK(error_of<MatMul>({a, a}, {.zero_a = 200}) == 1208);
  CHECK(error_of<MatMul>({a, a}, {.to = DType::I8}) == 1208);
  CHECK(error_of<MatMul>({i64({1, 1}, {1}), i64({1, 1}, {1})}, {.zero_b = 1}) == 1208);
  CHECK(error_of<MatMul>({a, a, f32({1}, {1})}) == 1202);
}

}  // namespace
}  // namespace tpuc::ops::test
