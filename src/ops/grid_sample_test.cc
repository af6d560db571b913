// grid_sample: places worked out by hand, the rule's attributes, errors.
#include "ops/grid_sample.h"

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

const Tensor kPicture = f32({1, 1, 2, 3}, {0, 1, 2, 3, 4, 5});

// The picture at one place (x, y).
double at(float x, float y, GridSample::Attrs a) {
  return values<GridSample>({kPicture, f32({1, 1, 1, 2}, {x, y})}, a).at(0);
}

TEST_CASE("grid_sample: -1 and 1 are edges of pixels, or their centres", "[op]") {
  CHECK(at(0, 0, {}) == Approx(2.5));
  CHECK(at(-1, -1, {.align_corners = true}) == 0);
  CHECK(at(1, 1, {.align_corners = true}) == 5);
  CHECK(at(-1, -1, {}) == 0);              // a quarter of pixel 0
  CHECK(at(1, 1, {}) == Approx(5 / 4.0));  // a quarter of pixel 5
  CHECK(at(1.0F / 3, -0.5F, {}) == Approx(1.5));
}

TEST_CASE("grid_sample: outside are zeros, the edge or the picture reflected", "[op]") {
  for (const float far : {9.0F, 1e30F}) CHECK(at(far, 0, {}) == 0);
  CHECK(at(9, -0.5F, {.padding = GridPadding::Border}) == 2);
  CHECK(at(9, 9, {.padding = GridPadding::Border, .align_corners = true}) == 5);
  // Three pixels of 2/3: 4/3 lies half a pixel behind the last edge, where pixel 2 is seen again.
  CHECK(at(4.0F / 3, -0.5F, {.padding = GridPadding::Reflection}) == Approx(2));
  CHECK(at(2, -1, {.padding = GridPadding::Reflection, .align_corners = true}) == Approx(1));
  CHECK(at(-6, -1, {.padding = GridPadding::Reflection, .align_corners = true}) == Approx(1));
}

TEST_CASE("grid_sample: nearest rounds halves to even", "[op]") {
  CHECK(at(-0.5F, -1, {.mode = GridMode::Nearest, .align_corners = true}) == 0);
  CHECK(at(0.5F, -1, {.mode = GridMode::Nearest, .align_corners = true}) == 2);
  CHECK(at(9, 0, {.mode = GridMode::Nearest}) == 0);
  CHECK(at(9, 1, {.mode = GridMode::Nearest, .padding = GridPadding::Border}) == 5);
}

TEST_CASE("grid_sample: every picture has its own grid", "[op]") {
  const Tensor x = counting({2, 2, 2, 2}), grid = f32({2, 1, 1, 2}, {-1, -1, 1, 1});
  CHECK(values<GridSample>({x, grid}, {.align_corners = true}) == Reals{0, 4, 11, 15});
}

TEST_CASE("grid_sample refuses what it does not know", "[op]") {
  CHECK(error_of<GridSample>({kPicture, f32({1, 1, 1, 3}, {0, 0, 0})}) == 1209);
  CHECK(error_of<GridSample>({kPicture, f32({1, 1, 2}, {0, 0})}) == 1201);
  CHECK(error_of<GridSample>({kPicture, i64({1, 1, 1, 2}, {0, 0})}) == 1202);
  const auto imported = [](const std::string& key, const std::string& value) {
    ImportCase c("GridSample", 16);
    return c.input(kPicture).input(f32({1, 1, 1, 2}, {0, 0})).attr(key, value).error();
  };
  CHECK(imported("mode", "bilinear") == 0);
  CHECK(imported("mode", "bicubic") == 1024);
  CHECK(imported("padding_mode", "reflection") == 0);
  CHECK(imported("padding_mode", "wrap") == 1024);
  ImportCase volume("GridSample", 20);
  CHECK(volume.input(counting({1, 1, 2, 2, 2})).input(counting({1, 1, 1, 1, 3})).error() == 1024);
}

}  // namespace
}  // namespace tpuc::ops::test
