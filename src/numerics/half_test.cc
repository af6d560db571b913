// Hand-computed conversions, and the row versions against the single ones on all bit patterns.
#include "tpuc/numerics/half.h"

#include <bit>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tpuc/numerics/fp_env.h"

namespace tpuc {
namespace {

constexpr Round kModes[] = {Round::NearestEven, Round::NearestAway, Round::Zero,       Round::Down,
                            Round::Up,          Round::NearestUp,   Round::NearestDown};
uint32_t bits_of(float f) { return std::bit_cast<uint32_t>(f); }
float f32(uint32_t bits) { return std::bit_cast<float>(bits); }

TEST_CASE("half: fp16 widens exactly", "[numerics]") {
  CHECK(f16_to_f32(0x3c00) == 1.f);
  CHECK(f16_to_f32(0xc500) == -5.f);
  CHECK(f16_to_f32(0x7bff) == 65504.f);
  CHECK(f16_to_f32(0x0001) == 0x1p-24f);
  CHECK(f16_to_f32(0x83ff) == -0x1.ff8p-15f);
  CHECK(bits_of(f16_to_f32(0x8000)) == 0x80000000);
  CHECK(bits_of(f16_to_f32(0x7c00)) == 0x7f800000);
  CHECK(bits_of(f16_to_f32(0x7c01)) == 0xffc00000);  // one NaN
}

TEST_CASE("half: narrowing to fp16 by mode", "[numerics]") {
  struct Row {
    float x;
    uint16_t expected[7];
  };
  const Row rows[] = {
      {1.f + 0x1p-11f, {0x3c00, 0x3c01, 0x3c00, 0x3c00, 0x3c01, 0x3c01, 0x3c00}},   // a tie
      {-1.f - 0x1p-11f, {0xbc00, 0xbc01, 0xbc00, 0xbc01, 0xbc00, 0xbc01, 0xbc00}},  // ties by magnitude
      {1.f + 0x1.8p-10f, {0x3c02, 0x3c02, 0x3c01, 0x3c01, 0x3c02, 0x3c02, 0x3c01}},
      {65519.f, {0x7bff, 0x7bff, 0x7bff, 0x7bff, 0x7c00, 0x7bff, 0x7bff}},
      {65520.f, {0x7c00, 0x7c00, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7bff}},
      {65536.f, {0x7c00, 0x7c00, 0x7c00, 0x7c00, 0x7c00, 0x7c00, 0x7c00}},   // infinite in every mode
      {0x1p-25f, {0x0000, 0x0001, 0x0000, 0x0000, 0x0001, 0x0001, 0x0000}},  // half the smallest
      {0x1.8p-24f, {0x0002, 0x0002, 0x0001, 0x0001, 0x0002, 0x0002, 0x0001}},
  };
  for (const Row& row : rows)
    for (size_t m = 0; m < 7; ++m) {
      INFO(row.x << " mode " << m);
      CHECK(f32_to_f16(row.x, kModes[m]) == row.expected[m]);
    }
  CHECK(f32_to_f16(f32(0x00000001)) == 0);  // fp32 denormals are zero
  CHECK(f32_to_f16(f32(0x80000001), Round::Up) == 0x8000);
  CHECK(f32_to_f16(f32(0xffc00000)) == 0x7fff);
  CHECK(f32_to_f16(f32(0xff800000)) == 0xfc00);
}

TEST_CASE("half: bf16 is the upper half, rounded; no denormals", "[numerics]") {
  CHECK(bits_of(bf16_to_f32(0x3f80)) == 0x3f800000);
  CHECK(f32_to_bf16(f32(0x3f808000)) == 0x3f80);  // a tie to even
  CHECK(f32_to_bf16(f32(0x3f818000)) == 0x3f82);
  CHECK(f32_to_bf16(f32(0x3f808000), Round::NearestAway) == 0x3f81);
  CHECK(f32_to_bf16(f32(0x3f80ffff), Round::Zero) == 0x3f80);
  CHECK(f32_to_bf16(f32(0xbf80ffff), Round::Down) == 0xbf81);
  CHECK(f32_to_bf16(f32(0x7f7fffff)) == 0x7f80);
  CHECK(f32_to_bf16(f32(0x807e0000)) == 0x8000);  // below the smallest normal
  CHECK(f32_to_bf16(f32(0x7f800001)) == 0x7fff);
}

TEST_CASE("half: rows give the same bits as single values", "[numerics]") {
  const FlushDenormals mode;
  std::vector<uint16_t> all(65536);
  for (size_t k = 0; k < all.size(); ++k) all[k] = static_cast<uint16_t>(k);
  std::vector<float> wide(all.size());
  f16_to_f32(all.data(), wide.data(), all.size());
  size_t wrong = 0;
  for (size_t k = 0; k < all.size(); ++k) wrong += bits_of(wide[k]) != bits_of(f16_to_f32(all[k]));
  bf16_to_f32(all.data(), wide.data(), all.size());
  for (size_t k = 0; k < all.size(); ++k) wrong += bits_of(wide[k]) != bits_of(bf16_to_f32(all[k]));
  std::mt19937 random(1);
  for (float& v : wide) v = f32(static_cast<uint32_t>(random()));
  for (size_t k = 0; k < 30000; ++k) wide[k] = f32((bits_of(wide[k]) & 0x8fffffff) | 0x30000000);  // fp16's own range
  std::vector<uint16_t> narrow(wide.size() - 3);
  f32_to_f16(wide.data(), narrow.data(), narrow.size());
  for (size_t k = 0; k < narrow.size(); ++k) wrong += narrow[k] != f32_to_f16(wide[k]);
  f32_to_bf16(wide.data(), narrow.data(), narrow.size());
  for (size_t k = 0; k < narrow.size(); ++k) wrong += narrow[k] != f32_to_bf16(wide[k]);
  CHECK(wrong == 0);
}

TEST_CASE("half: integers convert with one rounding", "[numerics]") {
  CHECK(int_to_f32(16777217) == 16777216.f);
  CHECK(int_to_f32(16777217, Round::Up) == 16777218.f);
  CHECK(int_to_f32(-16777217, Round::Down) == -16777218.f);
  CHECK(int_to_f32(0xffffffff) == 4294967296.f);
  CHECK(int_to_f16(2049) == f32_to_f16(2048.f));
  CHECK(int_to_f16(70000) == 0x7c00);
  CHECK(int_to_f16(70000, Round::Zero) == 0x7bff);
  CHECK(int_to_f16(-70000, Round::Up) == 0xfbff);
  CHECK(int_to_f16(-70000, Round::Down) == 0xfc00);
  CHECK(int_to_bf16(257) == 0x4380);
  CHECK(int_to_bf16(-3) == 0xc040);
}

TEST_CASE("half: floats to integers saturate", "[numerics]") {
  CHECK(f32_to_int(2.5f, 8, true, Round::NearestEven) == 2);
  CHECK(f32_to_int(-2.5f, 8, true, Round::NearestAway) == -3);
  CHECK(f32_to_int(-2.5f, 8, true, Round::Zero) == -2);
  CHECK(f32_to_int(-2.1f, 8, true, Round::Down) == -3);
  CHECK(f32_to_int(2.1f, 8, true, Round::Up) == 3);
  CHECK(f32_to_int(1e20f, 32, true, Round::Zero) == 0x7fffffff);
  CHECK(f32_to_int(-1.f, 16, false, Round::Zero) == 0);
  CHECK(f32_to_int(f32(0x7fc00000), 16, true, Round::Zero) == -32768);
}

TEST_CASE("fp env: denormals count as zero while the guard lives", "[numerics]") {
  const volatile float tiny = f32(0x00400000);
  const volatile float two = 2.f;
  {
    const FlushDenormals mode;
    CHECK(bits_of(tiny * two) == 0);
  }
  CHECK(bits_of(tiny * two) == 0x00800000);
}

}  // namespace
}  // namespace tpuc
