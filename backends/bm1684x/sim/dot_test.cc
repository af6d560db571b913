// The vector code of dot products against plain loops, on every instruction set that this machine has.
#include "backends/bm1684x/sim/dot.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tpuc/numerics/fp_env.h"
#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {
namespace {

struct Case {
  std::vector<float> x, w;
  DotShape shape;
};

// Values from 2^-range to 2^range; `special`: also zeros, denormals, infinities and NaN.
Case random_case(uint32_t seed, size_t rows, size_t terms, int range, bool special) {
  std::mt19937 random(seed);
  const auto value = [&] {
    if (special && random() % 50 == 0) {
      const float odd[] = {0.f,
                           -0.f,
                           std::bit_cast<float>(0x7f800000),
                           std::bit_cast<float>(0xff800000),
                           std::bit_cast<float>(0xffc00000),
                           std::bit_cast<float>(0x00010000)};
      return odd[random() % 6];
    }
    const auto mantissa = static_cast<float>(static_cast<int>(random() % 255) - 127);  // 8 bits: bf16 and fp16 alike
    return std::ldexp(mantissa, static_cast<int>(random() % static_cast<uint32_t>(2 * range + 1)) - range - 7);
  };
  Case c{std::vector<float>(terms * kDotColumns), std::vector<float>(rows * terms), {rows, terms, terms}};
  for (float& v : c.x) v = value();
  for (float& v : c.w) v = value();
  return c;
}

// TIU.md section 4, word for word, in double precision.
float fused_sum(const std::vector<float>& products) {
  double largest = 0, plain = 0;
  bool finite = true;
  for (const float p : products) {
    largest = std::max(largest, std::abs(static_cast<double>(p)));
    plain += p;
    finite = finite && std::isfinite(p);
  }
  if (!finite) return std::isnan(plain) ? std::bit_cast<float>(0xffc00000) : static_cast<float>(plain);
  if (largest == 0) return 0;
  const int exponent = std::ilogb(largest);
  double sum = 0;
  for (const float p : products) sum += std::trunc(std::ldexp(static_cast<double>(p), 24 - exponent));
  return static_cast<float>(std::ldexp(sum, exponent - 24));
}

std::vector<float> half_reference(const Case& c, size_t block) {
  std::vector<float> acc(c.shape.rows * kDotColumns, 1.5f);
  for (size_t r = 0; r < c.shape.rows; ++r)
    for (size_t p = 0; p < kDotColumns; ++p)
      for (size_t k = 0; k < c.shape.k_count; k += block) {
        std::vector<float> products;
        for (size_t j = k; j < k + block; ++j)
          products.push_back(c.x[j * kDotColumns + p] * c.w[r * c.shape.k_count + j]);
        acc[r * kDotColumns + p] += fused_sum(products);
      }
  return acc;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  for (size_t k = 0; k < a.size(); ++k)
    if (std::bit_cast<uint32_t>(a[k]) != std::bit_cast<uint32_t>(b[k]) && !(std::isnan(a[k]) && std::isnan(b[k])))
      return false;
  return a.size() == b.size();
}

TEST_CASE("dot: half products are fused sums on every instruction set", "[sim]") {
  const FlushDenormals mode;
  for (const DotKernels& kernels : runnable_dot_kernels())
    for (const size_t block : {size_t{32}, size_t{3}})
      for (const int range : {4, 12, 60, 120})  // the last two leave the range where scaling is simple
        for (const bool special : {false, true}) {
          INFO(kernels.instruction_set << " block " << block << " range " << range << " special " << special);
          const Case c = random_case(static_cast<uint32_t>(range), 5, 3 * block, range, special);
          std::vector<float> acc(5 * kDotColumns, 1.5f);
          kernels.half(c.shape, block, c.x.data(), c.w.data(), acc.data());
          CHECK(same_bits(acc, half_reference(c, block)));
        }
}

TEST_CASE("dot: fp32 keeps two accumulators and rounds every step", "[sim]") {
  const FlushDenormals mode;
  for (const DotKernels& kernels : runnable_dot_kernels())
    for (const size_t terms : {1u, 2u, 37u}) {
      INFO(kernels.instruction_set << " terms " << terms);
      const Case c = random_case(7, 9, terms, 20, true);
      std::vector<float> even(9 * kDotColumns, 0.f), odd(9 * kDotColumns, 0.25f), sum[2] = {even, odd};
      kernels.f32(c.shape, c.x.data(), c.w.data(), even.data(), odd.data());
      for (size_t r = 0; r < 9; ++r)
        for (size_t p = 0; p < kDotColumns; ++p)
          for (size_t k = 0; k < terms; ++k) {
            const volatile float product = c.x[k * kDotColumns + p] * c.w[r * terms + k];
            sum[k & 1][r * kDotColumns + p] += product;
          }
      CHECK(same_bits(even, sum[0]));
      CHECK(same_bits(odd, sum[1]));
    }
}

TEST_CASE("dot: integers wrap at 32 bits", "[sim]") {
  std::mt19937 random(3);
  std::vector<int32_t> x(11 * kDotColumns), w(10 * 11);
  for (int32_t& v : x) v = static_cast<int32_t>(random());
  for (int32_t& v : w) v = static_cast<int32_t>(random());
  for (const DotKernels& kernels : runnable_dot_kernels()) {
    INFO(kernels.instruction_set);
    std::vector<int32_t> acc(10 * kDotColumns, -1);
    kernels.i32({10, 11, 11}, x.data(), w.data(), acc.data());
    bool same = true;
    for (size_t r = 0; r < 10; ++r)
      for (size_t p = 0; p < kDotColumns; ++p) {
        uint32_t sum = 0xffffffff;
        for (size_t k = 0; k < 11; ++k)
          sum += static_cast<uint32_t>(x[k * kDotColumns + p]) * static_cast<uint32_t>(w[r * 11 + k]);
        same = same && static_cast<uint32_t>(acc[r * kDotColumns + p]) == sum;
      }
    CHECK(same);
  }
}

TEST_CASE("dot: the last channels make blocks of their own", "[sim]") {
  const FlushDenormals mode;
  const Case c =
      random_case(5, 2, 35 * 2, 8, false);  // 35 channels, 2 taps: 64 terms in blocks of 32, then 6 in blocks of 3
  std::vector<float> acc(2 * kDotColumns, 0.f), split = acc;
  dot_half_blocks(c.shape, 2, c.x.data(), c.w.data(), acc.data());
  dot_kernels().half({2, 64, 70}, 32, c.x.data(), c.w.data(), split.data());
  dot_kernels().half({2, 6, 70}, 3, c.x.data() + 64 * kDotColumns, c.w.data() + 64, split.data());
  CHECK(same_bits(acc, split));
}

}  // namespace
}  // namespace tpuc::bm1684x
