// Reductions over leading, trailing and middle axes.
#include "ops/reduce.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

TEST_CASE("reductions over every set of axes", "[kernel]") {
  using Axes4 = std::vector<int64_t>;
  const std::vector<std::pair<Dims, Axes4>> kCases{
      {{2, 70, 5, 9}, {2, 3}}, {{2, 70, 5, 9}, {3}},    {{2, 70, 5, 9}, {2}}, {{2, 70, 5, 9}, {1}},
      {{2, 70, 5, 9}, {0, 2}}, {{2, 70, 5, 9}, {1, 3}}, {{130, 64}, {1}},     {{130, 65}, {0}},
      {{6, 7, 8}, {0, 1, 2}},  {{40, 7, 100}, {1}},     {{3, 7, 100}, {1}}};
  using K = ops::ReduceKind;
  for (const auto& [dims, axes] : kCases) {
    check_floats<ops::Reduce>({{dims, false, 0.9, 1.1}}, {K::Prod, axes, true}, {0, 2e-5}, kHalfUlp);
    for (const K kind : {K::Sum, K::Mean, K::Max, K::Min, K::L1, K::L2, K::SumSquare}) {
      const bool exact = kind == K::Max || kind == K::Min;
      check_floats<ops::Reduce>({{dims}}, {.kind = kind, .axes = axes, .keep_dims = kind != K::Mean},
                                exact ? kExact : Tolerance{2e-5, 2e-6}, exact ? kExact : Tolerance{1e-4, 0.001});
    }
  }
}

TEST_CASE("the index of the extreme, the first or the last of equal ones", "[kernel]") {
  const std::vector<std::pair<Dims, int64_t>> kCases{{{70, 33}, 1},       {{2, 21, 9, 11}, 1}, {{2, 70, 5, 9}, 3},
                                                     {{3, 40, 7, 30}, 2}, {{19}, 0},           {{5, 1}, 1}};
  for (const auto& [dims, axis] : kCases)
    for (const bool last : {false, true})
      for (const DType t : {DType::F32, DType::F16, DType::BF16}) {
        // Halves between -1 and 1 of 5 bits have many equal neighbours.
        check_case<ops::ArgMax>(t, {{dims, false, 0, 0.01}}, {axis, true, last, DType::I32}, kExact);
        check_case<ops::ArgMin>(t, {{dims, false, 0, 0.01}}, {axis, false, last, DType::I32}, kExact);
      }
}
