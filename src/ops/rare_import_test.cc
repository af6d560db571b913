// Rare ONNX operators that are compositions: normalizations, tests for special numbers, shrinking.
#include <cmath>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

TEST_CASE("LpNormalization leaves zeros alone", "[op]") {
  const Tensor x = f32({2, 2}, {3, -4, 0, 0});
  check_close(ImportCase("LpNormalization", 13).input(x).values(), {0.6, -0.8, 0, 0});
  CHECK(ImportCase("LpNormalization", 13).attr("p", int64_t{1}).attr("axis", int64_t{0}).input(x).values() ==
        Reals{1, -1, 0, 0});
  CHECK(ImportCase("LpNormalization", 13).attr("p", int64_t{3}).input(x).error() == 1024);
}

TEST_CASE("MeanVarianceNormalization over its axes", "[op]") {
  const Tensor x = f32({2, 1, 1, 2}, {1, 3, 5, 7});
  const double root = std::sqrt(5.0);
  check_close(ImportCase("MeanVarianceNormalization", 13).input(x).values(),
              {-3 / root, -1 / root, 1 / root, 3 / root});
  check_close(ImportCase("MeanVarianceNormalization", 13).attr("axes", Ints{3}).input(x).values(), {-1, 1, -1, 1});
}

TEST_CASE("Shrink with and without bias", "[op]") {
  const Tensor x = f32({5}, {-2, -0.5f, 0, 0.5f, 2});
  CHECK(ImportCase("Shrink", 9).input(x).values() == Reals{-2, 0, 0, 0, 2});
  CHECK(ImportCase("Shrink", 9).attr("bias", 1.5f).attr("lambd", 0.25f).input(x).values() ==
        Reals{-0.5, 1, 0, -1, 0.5});
}

TEST_CASE("IsNaN and IsInf", "[op]") {
  const Tensor x = f32({4}, {NAN, INFINITY, -INFINITY, 3e38f});
  CHECK(ImportCase("IsNaN", 13).input(x).values() == Reals{1, 0, 0, 0});
  CHECK(ImportCase("IsInf", 10).input(x).values() == Reals{0, 1, 1, 0});
  CHECK(ImportCase("IsInf", 10).attr("detect_negative", int64_t{0}).input(x).values() == Reals{0, 1, 0, 0});
  CHECK(ImportCase("IsInf", 10).attr("detect_positive", int64_t{0}).input(x).values() == Reals{0, 0, 1, 0});
}

}  // namespace
}  // namespace tpuc::ops::test
