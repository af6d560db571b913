// Means and magnitudes of channels, in one piece or in several.
#include "quant/channel_statistics.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace tpuc::quant {

TEST_CASE("each channel has its mean and its largest magnitude", "[quant]") {
  const std::vector<float> first{1, 3, -8, 0}, second{5, 7, 4, 4};  // [1,2,2]
  ChannelStatistics whole, part;
  whole.add({1, 2, 2}, 1, first);
  part.add({1, 2, 2}, 1, second);
  whole.add(part);
  CHECK(whole.means().axis == 1);
  REQUIRE(whole.means().values.size() == 2);
  CHECK(std::abs(whole.means().values[0] - 4) < 1e-3f);
  CHECK(std::abs(whole.means().values[1]) < 1e-3f);
  CHECK(whole.magnitudes().values == std::vector<float>{7, 8});
}

TEST_CASE("the last axis, infinities, and nothing at all", "[quant]") {
  ChannelStatistics s;
  CHECK(s.means().values.empty());
  s.add({2, 2}, 1, std::vector<float>{1, std::numeric_limits<float>::infinity(), 1, 2});
  CHECK(s.means().values == std::vector<float>{1, 1});
  CHECK(s.magnitudes().values == std::vector<float>{1, 2});
}

}  // namespace tpuc::quant
