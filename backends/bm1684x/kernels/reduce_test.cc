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
    for (const K kind : {K::Sum, K::Mean, K::Max, K::Min, K::L1, K::L2, K::SumSquare}) {
      const bool exact = kind == K::Max || kind == K::Min;
      check_floats<ops::Reduce>({{dims}}, {.kind = kind, .axes = axes, .keep_dims = kind != K::Mean},
                                exact ? kExact : Tolerance{2e-5, 2e-6}, exact ? kExact : Tolerance{1e-4, 0.001});
    }
  }
}
