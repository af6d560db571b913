// Broadcasting in all its forms, on tiles.
#include "ops/eltwise.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

const std::vector<std::pair<Dims, Dims>> kShapes{{{2, 70, 5, 9}, {2, 70, 5, 9}},
                                                 {{2, 70, 5, 9}, {1, 70, 1, 1}},
                                                 {{2, 70, 5, 9}, {1, 1, 5, 9}},
                                                 {{1, 130, 4, 4}, {4}},
                                                 {{2, 70, 5, 9}, {2, 1, 5, 1}},
                                                 {{1, 1, 6, 7}, {3, 66, 6, 7}},
                                                 {{1, 5, 1, 7}, {2, 5, 3, 1}},
                                                 {{1000}, {1000}},
                                                 {{40, 100}, {100}},
                                                 {{3, 40, 100}, {40, 1}},
                                                 {{3, 5, 20}, {3, 1, 20}},
                                                 {{2, 3, 2, 3, 4}, {2, 3, 1, 1, 1}},
                                                 {{6, 100}, {6, 1}},
                                                 {{7}, {1}},
                                                 {{2, 3, 4, 5, 6}, {2, 3, 4, 5, 6}}};

template <class S>
void all_shapes(const Tolerance& f32, const Tolerance& half, double low = -2) {
  for (const auto& [a, b] : kShapes) check_floats<S>({{a}, {b, false, low, 2}}, {}, f32, half);
}

}  // namespace

TEST_CASE("sums, differences, products and extremes broadcast", "[kernel]") {
  all_shapes<ops::Add>(kExact, kExact);
  all_shapes<ops::Sub>(kExact, kExact);
  all_shapes<ops::Mul>(kExact, kExact);
  all_shapes<ops::Max>(kExact, kExact);
  all_shapes<ops::Min>(kExact, kExact);
}

TEST_CASE("extremes of bytes broadcast", "[kernel]") {
  for (const auto& [a, b] : kShapes) {
    check_case<ops::Max>(DType::I8, {{a, false, -128, 128}, {b, false, -128, 128}}, {}, kExact);
    check_case<ops::Min>(DType::U8, {{a, false, 0, 256}, {b, false, 0, 256}}, {}, kExact);
  }
  check_case<ops::Min>(DType::I8, {{{2, 70, 5, 9}, false, -128, 128}, {{1}, true, -100, 100}}, {}, kExact);
  check_case<ops::Max>(DType::U8, {{{2, 70, 5, 9}, false, 0, 256}, {{1}, true, 100, 200}}, {}, kExact);
}

TEST_CASE("a quotient is off by at most 2.5e-7, halves by half a unit", "[kernel]") {
  all_shapes<ops::Div>({0, 5e-7}, kHalfUlp, 0.25);
}

TEST_CASE("constants of one element and activations", "[kernel]") {
  check_floats<ops::Add>({{{2, 70, 5, 9}}, {{1}, true}}, {ops::Activation::Relu}, kExact, kExact);
  check_floats<ops::Add>({{{2, 70, 5, 9}, false, 0, 9}, {{1, 70, 5, 9}}}, {ops::Activation::Relu6}, kExact, kExact);
  check_floats<ops::Sub>({{{}, true}, {{3, 65}}}, {}, kExact, kExact);
  check_floats<ops::Div>({{{3, 65}}, {{1}, true, 1, 2}}, {}, {0, 5e-7}, kHalfUlp);
  check_case<ops::Mul>(DType::I32, {{{2, 70, 5}, false, -90, 90}, {{5}, false, -90, 90}}, {}, kExact);
}
