// Weights narrowed by vectors have the bits of the plain way.
#include "passes/narrow_floats.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace tpuc {
namespace {

// Every exponent, ties, both infinities, NaN, zeros, numbers beyond the largest ones.
std::vector<float> all_sorts(size_t count) {
  std::mt19937 rng(3);
  std::vector<float> values{0.0F,     -0.0F, INFINITY, -INFINITY, NAN,      -NAN,   65504.0F,      65519.9F,
                            65520.0F, -1e9F, 3.4e38F,  5.9e-8F,   2.98e-8F, 1e-40F, 1.00048828125F};
  while (values.size() < count) {
    auto bits = static_cast<uint32_t>(rng());
    if (rng() % 4 == 0) bits &= ~0xfffu;  // ties of f16
    if (rng() % 4 == 0) bits = (bits & ~0xffffu) | 0x8000u;
    values.push_back(std::bit_cast<float>(bits));
  }
  return values;
}

TEST_CASE("narrowing in vectors gives the bits of narrowing one by one", "[passes]") {
  const std::vector<float> values = all_sorts((size_t{2} << 20) + 5);
  const Tensor t = Tensor::from_f32({static_cast<int64_t>(values.size())}, values);
  for (const DType to : {DType::F16, DType::BF16}) {
    const Tensor got = narrow_floats(t, to);
    std::vector<double> wide(values.begin(), values.end());
    const double limit = to == DType::F16 ? 65504.0 : 0x1.FEp127;
    for (double& x : wide)
      if (std::isfinite(x)) x = std::clamp(x, -limit, limit);
    Tensor want(to, t.dims());
    want.assign_f64(wide);
    CHECK(identical(got, want));
  }
}

}  // namespace
}  // namespace tpuc
