// Hand-computed tables of the integer rules.
#include "tpuc/numerics/fixed_point.h"

#include <catch2/catch.hpp>

namespace tpuc {
namespace {

constexpr Round kModes[] = {Round::NearestEven, Round::NearestAway, Round::Zero,       Round::Down,
                            Round::Up,          Round::NearestUp,   Round::NearestDown};

TEST_CASE("fixed point: right shifts round by all seven modes", "[numerics]") {
  struct Row {
    int64_t v;
    int count;
    int64_t expected[7];  // in the order of the mode numbers
  };
  const Row rows[] = {
      {5, 1, {2, 3, 2, 2, 3, 3, 2}},           // 2.5
      {7, 1, {4, 4, 3, 3, 4, 4, 3}},           // 3.5
      {-5, 1, {-2, -3, -2, -3, -2, -2, -3}},   // -2.5
      {-7, 1, {-4, -4, -3, -4, -3, -3, -4}},   // -3.5
      {9, 2, {2, 2, 2, 2, 3, 2, 2}},           // 2.25
      {11, 2, {3, 3, 2, 2, 3, 3, 3}},          // 2.75
      {-9, 2, {-2, -2, -2, -3, -2, -2, -2}},   // -2.25
      {-11, 2, {-3, -3, -2, -3, -2, -3, -3}},  // -2.75
      {8, 2, {2, 2, 2, 2, 2, 2, 2}},           // exact
      {-1, 8, {0, 0, 0, -1, 0, 0, 0}},
      {1, 70, {0, 0, 0, 0, 1, 0, 0}},
      {-1, 70, {0, 0, 0, -1, 0, 0, 0}},
      {std::numeric_limits<int64_t>::min(), 64, {0, -1, 0, -1, 0, 0, -1}},  // -0.5
      {std::numeric_limits<int64_t>::max(), 64, {0, 0, 0, 0, 1, 0, 0}},
      {3, 0, {3, 3, 3, 3, 3, 3, 3}},
  };
  for (const Row& row : rows)
    for (size_t m = 0; m < 7; ++m) {
      INFO(row.v << " >> " << row.count << " mode " << m);
      CHECK(shift_right_round(row.v, row.count, kModes[m]) == row.expected[m]);
      CHECK(shift_right_round_as<Int128, UInt128>(row.v, row.count, kModes[m]) == row.expected[m]);
    }
}

TEST_CASE("fixed point: left shifts wrap or saturate", "[numerics]") {
  CHECK(shift_wrap(3, 2, Round::Down) == 12);
  CHECK(shift_wrap(1, 64, Round::Down) == 0);
  CHECK(shift_saturate(int64_t{3}, 2, Round::Down) == 12);
  CHECK(shift_saturate(int64_t{1}, 63, Round::Down) == std::numeric_limits<int64_t>::max());
  CHECK(shift_saturate(int64_t{-3}, 63, Round::Down) == std::numeric_limits<int64_t>::min());
  CHECK(shift_saturate(int64_t{0}, 100, Round::Down) == 0);
  CHECK(shift_saturate_wide(Int128{1} << 70, -68, Round::Down) == 4);
  CHECK(shift_saturate_wide(-(Int128{1} << 70), 1, Round::Down) == -(int64_t{1} << 62));
  CHECK(shift_saturate_wide(-1, 100, Round::Down) == -(int64_t{1} << 62));
}

TEST_CASE("fixed point: saturation by width and sign", "[numerics]") {
  CHECK(saturate(200, 8, true) == 127);
  CHECK(saturate(-200, 8, true) == -128);
  CHECK(saturate(200, 8, false) == 200);
  CHECK(saturate(-1, 16, false) == 0);
  CHECK(saturate(int64_t{1} << 40, 32, false) == 0xffffffff);
  CHECK(saturate_to<int32_t>(int64_t{1} << 40) == 0x7fffffff);
}

TEST_CASE("fixed point: requantize shifts first, then adds the zero point", "[numerics]") {
  CHECK(requantize(1000, 1 << 30, -30, 3, Round::NearestUp, 8, true) == 127);
  CHECK(requantize(-20, 1 << 30, -30, 3, Round::NearestUp, 8, true) == -17);
  CHECK(requantize(5, 1, -1, 10, Round::NearestUp, 8, true) == 13);    // 2.5 -> 3
  CHECK(requantize(5, 1, -1, 10, Round::NearestEven, 8, true) == 12);  // 2.5 -> 2
  CHECK(requantize(1 << 30, 1 << 30, 60, 0, Round::Down, 32, true) == 0x7fffffff);
}

TEST_CASE("fixed point: requantization by a float scale rounds three times, then saturates", "[numerics]") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();
  struct Row {
    int32_t v;
    float scale, offset;
    int bits;
    bool is_signed;
    int32_t expected;
  };
  const Row rows[] = {
      {5, 0.5F, 0, 8, true, 2},                            // 2.5: to even
      {7, 0.5F, 0, 8, true, 4},                            // 3.5
      {-5, 0.5F, 0, 8, true, -2},                          //
      {-5, 0.5F, 0, 8, false, 0},                          //
      {100, 1.25F, 2, 8, true, 127},                       // exactly at the end
      {101, 1.25F, 2, 8, true, 127},                       // 128.25
      {101, 1.25F, 2, 8, false, 128},                      //
      {-200, 1, 72, 8, true, -128},                        //
      {255, 1, 0.5F, 8, false, 255},                       // 255.5
      {40000, 1, 0, 16, true, 32767},                      //
      {40000, 1, 0, 16, false, 40000},                     //
      {-32768, 1, -0.5F, 16, true, -32768},                //
      {16777217, 1, -16777216, 8, true, 0},                // the integer itself is rounded: 2^24 + 1 -> 2^24
      {16777219, 1, -16777216, 8, true, 4},                // 2^24 + 3 -> 2^24 + 4
      {8388609, 8388609, -70368760954880.0F, 8, true, 0},  // (2^23 + 1)^2 is rounded to 2^46 + 2^24 before the sum
      {2147483647, kInf, 0, 8, true, 127},                 //
      {1, -kInf, 0, 8, true, -128},                        //
      {0, kInf, 0, 8, true, -128},                         // 0 * inf is not a number
      {1, 1, kNan, 8, false, 0},                           //
      {1, 1e-39F, 0.5F, 8, true, 0},                       //
  };
  for (const Row& r : rows) {
    INFO(r.v << " * " << r.scale << " + " << r.offset);
    CHECK(requantize_float(r.v, r.scale, r.offset, r.bits, r.is_signed) == r.expected);
  }
}

}  // namespace
}  // namespace tpuc
