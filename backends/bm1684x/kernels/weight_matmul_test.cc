// Products with integer weights: both widths, steps of columns and of groups, with and without zero points.
#include "ops/weight_matmul.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;
using ops::WeightMatMul;

namespace {

constexpr Tolerance kF32{1e-5, 1e-5}, kHalf{2e-3, 1e-3};

Operand weights(int64_t rows, int64_t columns, int64_t bits, DType t) {
  return {{ops::stored_rows(rows, bits), columns}, true, t == DType::I8 ? -128. : 0., t == DType::I8 ? 128. : 256., t};
}
Operand steps(int64_t groups, int64_t planes, int64_t columns) {
  return {{groups, planes, columns}, true, 0.001, 0.01, DType::F32};
}
Operand bias(int64_t columns) { return {{columns}, true, -2, 2, DType::F32}; }

}  // namespace

TEST_CASE("weights of 8 bits, a step for each column", "[kernel]") {
  check_floats<WeightMatMul>({{{5, 70}}, weights(70, 33, 8, DType::I8), steps(1, 1, 33)}, {}, kF32, kHalf);
  check_floats<WeightMatMul>({{{2, 3, 200}}, weights(200, 65, 8, DType::U8), steps(1, 1, 65), bias(65)},
                             {.zero = 128, .activation = ops::Activation::Relu}, kF32, kHalf, 4096);
  check_floats<WeightMatMul>({{{100, 64}}, weights(64, 16, 8, DType::U8), steps(1, 2, 16)}, {}, kF32, kHalf);
}

TEST_CASE("weights of 4 bits, steps for groups of rows", "[kernel]") {
  for (const int64_t group : {16, 32, 64, 128})
    for (const int64_t depth : {100, 128, 320})
      check_floats<WeightMatMul>({{{3, depth}},
                                  weights(depth, 40, 4, DType::U8),
                                  steps((depth + group - 1) / group, group == 64 ? 1 : 2, 40),
                                  bias(40)},
                                 {.bits = 4, .group = group, .zero = group == 64 ? 8 : 0}, kF32, kHalf, 2048);
}
