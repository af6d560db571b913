// Integers found again in matrices that were made of them, in every float type; and integers made by rounding.
#include "passes/integer_weights.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "ops/weight_matmul.h"

using namespace tpuc;

namespace {

// (q - zero) * scale, rounded to `t`; q of `bits` bits, a scale and a zero point for each column of `group` rows.
Tensor matrix(DType t, int64_t rows, int64_t columns, int64_t bits, int64_t group, bool has_zeros, unsigned seed) {
  std::mt19937 rng(seed);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(rng() % static_cast<uint64_t>(n)); };
  std::vector<float> scales, zeros, w;
  for (int64_t i = 0; i < (rows + group - 1) / group * columns; ++i) {
    Tensor scale(t, {1});
    scale.assign_f32(std::vector<float>{static_cast<float>(1 + below(10000)) * 1e-6F});
    scales.push_back(scale.to_f32()[0]);
    zeros.push_back(static_cast<float>(has_zeros ? below(int64_t{1} << bits) : int64_t{1} << (bits - 1)));
  }
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t n = 0; n < columns; ++n) {
      const auto at = static_cast<size_t>(k / group * columns + n);
      w.push_back((static_cast<float>(below(int64_t{1} << bits)) - zeros[at]) * scales[at]);
    }
  Tensor out(t, {rows, columns});
  out.assign_f32(w);
  return out;
}

Tensor real(const IntegerWeights& w, int64_t rows, DType t) {
  return ops::dequantized_weights(w.bits == 4 ? ops::pack_nibbles(w.integers) : w.integers, w.steps,
                                  {.bits = w.bits, .group = w.group, .zero = w.zero}, rows, t);
}

}  // namespace

TEST_CASE("matrices of integers are found again, bit for bit", "[pass]") {
  for (const DType t : {DType::F32, DType::F16})
    for (const int64_t bits : {4, 8})
      for (const int64_t group : {200, 64, 32})
        for (const bool has_zeros : {false, true}) {
          INFO(to_string(t) << " " << bits << " bits, groups of " << group << (has_zeros ? ", zero points" : ""));
          const Tensor w = matrix(t, 200, 9, bits, group, has_zeros, 5);
          const auto found = find_integers(w);
          REQUIRE(found);
          CHECK(found->bits == bits);
          CHECK(found->group == (group == 200 ? 0 : group));
          CHECK(real(*found, 200, t).to_f32() == w.to_f32());
        }
}

TEST_CASE("other matrices are no integers", "[pass]") {
  std::mt19937 rng(1);
  std::normal_distribution<float> normal(0, 0.05F);
  std::vector<float> values(300);
  for (float& v : values) v = normal(rng);
  CHECK_FALSE(find_integers(Tensor::from_f32({100, 3}, values)));
  values[7] = INFINITY;
  CHECK_FALSE(find_integers(Tensor::from_f32({100, 3}, values)));
}

TEST_CASE("rounding to integers keeps within half a step", "[pass]") {
  std::mt19937 rng(2);
  std::normal_distribution<float> normal(0.01F, 0.05F);
  std::vector<float> values(600);
  for (float& v : values) v = normal(rng);
  const Tensor w = Tensor::from_f32({150, 4}, values);
  for (const int64_t bits : {8, 4}) {
    const IntegerWeights q = round_to_integers(w, bits);
    CHECK(q.group == (bits == 8 ? 0 : 64));
    const std::vector<float> got = real(q, 150, DType::F32).to_f32();
    double worst = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const auto step = q.steps.to_f32()[bits == 8 ? i % 4 : i / 4 / 64 * 8 + i % 4];
      worst = std::max(worst, std::abs(static_cast<double>(got[i] - values[i])) / static_cast<double>(step));
    }
    CHECK(worst <= (bits == 8 ? 0.501 : 1.001));  // of 4 bits the zero point is rounded, too
  }
  CHECK(round_to_integers(Tensor(DType::F32, {64, 2}), 4).steps.to_f32()[0] == 1);
}
