// Inverse and hyperbolic functions against the C library.
#include <cmath>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

void check_function(const std::string& op, double (*function)(double), std::vector<float> points) {
  const auto count = static_cast<int64_t>(points.size());
  const Reals got = ImportCase(op, 13).input(Tensor::from_f32({count}, points)).values();
  for (size_t i = 0; i < points.size(); ++i) {
    const double want = function(static_cast<double>(points[i]));
    INFO(op << " of " << points[i]);
    CHECK(std::abs(got[i] - want) <= 2e-6 * (1 + std::abs(want)));
  }
}

TEST_CASE("inverse and hyperbolic functions", "[op]") {
  const std::vector<float> line{-30, -2.5f, -1, -0.7f, -0.01f, 0, 1e-4f, 0.3f, 0.5f, 1, 1.5f, 20};
  const std::vector<float> unit{-1, -0.999f, -0.6f, -0.1f, 0, 1e-4f, 0.2f, 0.7f, 0.95f, 1};
  check_function("Tan", std::tan, {-1, 0, 0.5f, 1.2f});
  check_function("Atan", std::atan, line);
  check_function("Asinh", std::asinh, line);
  check_function("Asinh", std::asinh, {300, -4e4f, 1e20f, -1e38f});  // squares overflow
  check_function("Sinh", std::sinh, line);
  check_function("Cosh", std::cosh, line);
  check_function("Asin", std::asin, unit);
  check_function("Acos", std::acos, unit);
  check_function("Atanh", std::atanh, {-0.99f, -0.5f, 0, 0.01f, 0.7f, 0.999f});
  check_function("Acosh", std::acosh, {1, 1.01f, 2, 50, 1e20f, 1e38f});
}

}  // namespace
}  // namespace tpuc::ops::test
