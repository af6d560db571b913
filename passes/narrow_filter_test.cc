// Filters in half precision: neighbours of what they should be, whose errors cancel.
#include "passes/narrow_filter.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "passes/narrow_floats.h"

namespace tpuc {
namespace {

Tensor random_filter(uint32_t seed, const Dims& dims) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(0.01F, 0.1F);
  Tensor t(DType::F32, dims);
  for (float& x : t.as_mutable<float>()) x = normal(rng);
  return t;
}

double sum_of_errors(const Tensor& narrow, const Tensor& wanted, size_t begin, size_t count) {
  const std::vector<double> got = narrow.to_f64(), want = wanted.to_f64();
  double sum = 0;
  for (size_t k = begin; k < begin + count; ++k) sum += got[k] - want[k];
  return sum;
}

TEST_CASE("errors of a narrowed filter cancel", "[passes]") {
  const Dims dims = GENERATE(Dims{3, 5, 3, 3}, Dims{4, 64, 1, 1}, Dims{8, 1, 5, 5}, Dims{70, 128, 3, 3});
  const DType type = GENERATE(DType::F16, DType::BF16);
  const Tensor wanted = random_filter(7, dims);
  const Tensor nearest = narrow_floats(wanted, type), got = narrow_filter(wanted, type);
  const size_t size = static_cast<size_t>(wanted.count() / dims[0]);
  double before = 0, after = 0;
  for (size_t o = 0; o < static_cast<size_t>(dims[0]); ++o) {
    before += std::abs(sum_of_errors(nearest, wanted, o * size, size));
    after += std::abs(sum_of_errors(got, wanted, o * size, size));
  }
  CHECK(after < before / 2);
  const std::vector<double> want = wanted.to_f64(), near = nearest.to_f64(), values = got.to_f64();
  const double unit = type == DType::F16 ? 0x1p-10 : 0x1p-7;  // of the last place, relative
  for (size_t k = 0; k < want.size(); ++k) {
    CHECK(std::abs(values[k] - want[k]) <= std::max(std::abs(want[k]) * unit, 0x1p-24));  // subnormal f16
    if (near[k] == want[k]) CHECK(values[k] == want[k]);
  }
}

TEST_CASE("a filter that halves hold exactly, or not at all, is rounded as any tensor", "[passes]") {
  const float largest = 65504.0F;
  const Tensor exact = Tensor::from_f32({1, 4, 1, 1}, std::vector<float>{0.5F, -0.25F, 0, 3});
  CHECK(identical(narrow_filter(exact, DType::F16), narrow_floats(exact, DType::F16)));
  const Tensor wild = Tensor::from_f32({2, 2, 1, 1}, std::vector<float>{INFINITY, NAN, largest + 10, 1e9F});
  CHECK(identical(narrow_filter(wild, DType::F16), narrow_floats(wild, DType::F16)));
}

}  // namespace
}  // namespace tpuc
