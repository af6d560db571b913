// Resampling: versions of the ONNX operator, policies, errors. More values: vectors_test.cc.
#include "ops/resize.h"

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

ImportCase by_scales(int opset, std::vector<float> scales) {
  ImportCase c("Resize", opset);
  c.input(counting({1, 1, 2, 2}));
  if (opset > 10) c.absent();
  const auto count = static_cast<int64_t>(scales.size());
  c.constant(f32({count}, scales));
  return c;
}
ImportCase by_sizes(std::vector<int64_t> sizes) {
  ImportCase c("Resize", 18);
  c.input(counting({1, 1, 2, 4})).absent().absent();
  const auto count = static_cast<int64_t>(sizes.size());
  c.constant(i64({count}, sizes));
  return c;
}

TEST_CASE("each version of Resize has its coordinates", "[op]") {
  CHECK(by_scales(10, {1, 1, 1, 2}).values() == Reals{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(by_scales(10, {1, 1, 1, 2}).attrs<Resize>().coordinates == Coordinates::Asymmetric);
  CHECK(by_scales(11, {1, 1, 1, 2}).attrs<Resize>().coordinates == Coordinates::HalfPixel);
  ImportCase linear = by_scales(13, {1, 1, 1, 2});
  linear.attr("mode", std::string("linear"));
  CHECK(linear.values() == Reals{0, 0.25, 0.75, 1, 2, 2.25, 2.75, 3});
  CHECK(by_scales(13, {1, 1, 0.5f, 1.3f}).run().dims() == Dims{1, 1, 1, 2});  // floor(2 * 1.3)
}

TEST_CASE("bytes are interpolated by weights of seven bits and rounded to even once", "[op]") {
  Resize::Attrs a;
  a.mode = ResizeMode::Linear;
  a.sizes = {1, 1, 2, 4};
  a.scales = {1, 1, 2, 2};
  const Tensor x = typed(DType::I8, {1, 1, 1, 2}, {-128, 127});
  CHECK(values<Resize>({x}, a) == Reals{-128, -64, 63, 127, -128, -64, 63, 127});  // -64.25, 63.25
  CHECK(values<Resize>({typed(DType::U8, {1, 1, 1, 2}, {1, 3})}, a) == Reals{1, 2, 2, 3, 1, 2, 2, 3});
  a.scales = {1, 1, 2, 3};
  a.sizes = {1, 1, 2, 6};
  for (const int64_t w : integer_weights(resize_axis(a, 3, 2))) CHECK((w >= 0 && w <= 128));
  CHECK(integer_weights({3, {0, 1, 2}, {1.0f / 3, 1.0f / 3, 1.0f / 3}}) == std::vector<int64_t>{43, 42, 43});
  a.mode = ResizeMode::Cubic;
  CHECK(error_of<Resize>({x}, a) == 1202);
}

TEST_CASE("Upsample reads its scales from an attribute, then from an input", "[op]") {
  ImportCase old("Upsample", 7);
  old.input(counting({1, 1, 1, 2})).attr("scales", std::vector<float>{1, 1, 2, 2});
  CHECK(old.values() == Reals{0, 0, 1, 1, 0, 0, 1, 1});
  ImportCase newer("Upsample", 9);
  newer.input(counting({1, 1, 1, 2})).constant(f32({4}, {1, 1, 1, 3}));
  CHECK(newer.values() == Reals{0, 0, 0, 1, 1, 1});
}

TEST_CASE("Resize of opset 18 names axes and keeps the aspect ratio", "[op]") {
  CHECK(by_sizes({1, 1, 4, 4}).run().dims() == Dims{1, 1, 4, 4});
  CHECK(by_sizes({6}).attr("axes", Ints{-1}).run().dims() == Dims{1, 1, 2, 6});
  const auto kept = [](const char* policy) {
    return by_sizes({6, 6}).attr("axes", Ints{2, 3}).attr("keep_aspect_ratio_policy", std::string(policy)).run().dims();
  };
  CHECK(kept("stretch") == Dims{1, 1, 6, 6});
  CHECK(kept("not_larger") == Dims{1, 1, 3, 6});
  CHECK(kept("not_smaller") == Dims{1, 1, 6, 12});
}

TEST_CASE("nearest rounds halves as asked", "[op]") {
  const auto halves = [](NearestMode mode) {  // coordinates 0.5, 2.5
    return values<Resize>({counting({4})}, {.nearest_mode = mode, .sizes = {2}, .scales = {0.5f}});
  };
  CHECK(halves(NearestMode::RoundPreferFloor) == Reals{0, 2});
  CHECK(halves(NearestMode::RoundPreferCeil) == Reals{1, 3});
  CHECK(halves(NearestMode::Floor) == Reals{0, 2});
  CHECK(halves(NearestMode::Ceil) == Reals{1, 3});
  CHECK(halves(NearestMode::Simple) == Reals{1, 3});
}

TEST_CASE("nearest moves integers", "[op]") {
  CHECK(eval<Resize>({i64({2}, {int64_t{1} << 60, 3})}, {.sizes = {4}, .scales = {2}}).to_i64()[1] == int64_t{1} << 60);
}

TEST_CASE("resize reports what it does not know or cannot do", "[op]") {
  const Tensor x = counting({2});
  CHECK(error_of<Resize>({x}, {.sizes = {2, 2}, .scales = {1}}) == 1206);
  CHECK(error_of<Resize>({x}, {.sizes = {0}, .scales = {0.1f}}) == 1208);
  CHECK(error_of<Resize>({x}, {.sizes = {3}, .scales = {-1.0f}}) == 1208);
  CHECK(error_of<Resize>({i64({1}, {1})}, {.mode = ResizeMode::Linear, .sizes = {2}, .scales = {2}}) == 1202);
  CHECK(by_scales(11, {1, 1, 1, 2}).attr("mode", std::string("area")).error() == 1024);
  CHECK(by_scales(11, {1, 1}).error() == 1206);
  const std::string roi = "tf_crop_and_resize";
  CHECK(by_scales(11, {1, 1, 1, 2}).attr("coordinate_transformation_mode", roi).error() == 1024);
  CHECK(by_sizes({6}).attr("axes", Ints{7}).error() == 1206);
}

TEST_CASE("blocks must divide", "[op]") {
  CHECK(error_of<DepthToSpace>({counting({1, 6, 1, 1})}, {.block = 2}) == 1208);
  CHECK(error_of<DepthToSpace>({counting({1, 4, 1})}, {.block = 2}) == 1201);
  CHECK(error_of<SpaceToDepth>({counting({1, 1, 3, 2})}, {.block = 2}) == 1208);
  CHECK(error_of<SpaceToDepth>({counting({1, 1, 2, 2})}, {.block = 0}) == 1208);
  CHECK(ImportCase("DepthToSpace", 13).input(counting({1, 4, 1, 1})).attr("mode", std::string("XY")).error() == 1024);
  CHECK(ImportCase("SpaceToDepth", 13).input(counting({1, 1, 2, 2})).attr("blocksize", int64_t{2}).values() ==
        Reals{0, 1, 2, 3});
}

}  // namespace
}  // namespace tpuc::ops::test
