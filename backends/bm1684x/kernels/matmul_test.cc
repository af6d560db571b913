// Products in both ways of matmul.cc, batched, transposed, with bias.
#include "ops/matmul.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

constexpr Tolerance kF32{1e-5, 1e-5}, kHalf{2e-3, 1e-3};

}  // namespace

TEST_CASE("run-time operands: rows as filters", "[kernel]") {
  check_floats<ops::MatMul>({{{100, 70}}, {{70, 50}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{2, 3, 10, 33}}, {{2, 3, 33, 17}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{2, 3, 70, 33}}, {{33, 17}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{1, 7, 33}}, {{4, 33, 17}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{3, 70, 40}}, {{3, 20, 40}}}, {.transpose_b = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{3, 40, 70}}, {{3, 40, 20}}}, {.transpose_a = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{70, 40}}, {{40, 20}}, {{20}}}, {.activation = ops::Activation::Relu}, kF32, kHalf);
}

TEST_CASE("constant operands: columns as filters for few rows", "[kernel]") {
  check_floats<ops::MatMul>({{{1, 300}}, {{130, 300}, true}, {{130}, true}}, {.transpose_b = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{9, 70}}, {{70, 65}, true}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{100, 70}}, {{70, 65}, true}, {{65}, true}}, {}, kF32, kHalf);
  check_case<ops::MatMul>(DType::F16, {{{100, 70}}, {{70, 65}, true}, {{65}, true, -2, 2, DType::F32}}, {}, kHalf);
  check_case<ops::MatMul>(DType::F16, {{{5, 70}}, {{70, 65}, true}, {{65}, true, -2, 2, DType::F32}},
                          {.activation = ops::Activation::Relu6}, kHalf);
}

TEST_CASE("inner columns are summed up in parts where lanes are small", "[kernel]") {
  check_floats<ops::MatMul>({{{70, 1000}}, {{1000, 30}}, {{30}}}, {}, {1e-4, 1e-5}, kHalf, 2048);
  check_floats<ops::MatMul>({{{3, 9, 700}}, {{3, 20, 700}}}, {.transpose_b = true}, {1e-4, 1e-5}, kHalf, 1024);
  check_floats<ops::MatMul>({{{4, 1000}}, {{1000, 70}, true}, {{70}, true}}, {.activation = ops::Activation::Relu},
                            {1e-4, 1e-5}, kHalf, 2048);
}

TEST_CASE("matrices read and written where the heads of attention are", "[kernel]") {
  using Order = std::vector<int64_t>;
  const Order heads{0, 2, 1, 3};
  // Columns of 64 bytes and more lie side by side in rows; narrow ones are loaded head by head.
  for (const int64_t d : {32, 20}) {
    check_floats<ops::MatMul>({{{1, 70, 3, d}}, {{1, 40, 3, d}}},
                              {.transpose_b = true, .order_a = heads, .order_b = heads}, kF32, kHalf);
    check_floats<ops::MatMul>({{{1, 3, 70, 40}}, {{1, 40, 3, d}}}, {.order_b = heads, .order_y = heads}, kF32, kHalf,
                              4096);
    check_floats<ops::MatMul>({{{70, 3, d}}, {{3, d, 9}}, {{9}}}, {.order_a = Order{1, 0, 2}}, kF32, kHalf);
    check_floats<ops::MatMul>({{{3, 9, 70}}, {{3, 70, d}}, {{d}}},
                              {.activation = ops::Activation::Relu, .order_y = Order{1, 0, 2}}, kF32, kHalf);
  }
}
