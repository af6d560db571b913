// Operators that copy bits: always exact.
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/gather.h"
#include "ops/resize.h"
#include "ops/shape.h"
#include "ops/slice.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

template <class S>
void exact(const std::vector<Operand>& operands, const typename S::Attrs& attrs) {
  check_case<S>(DType::F32, operands, attrs, kExact);
  check_case<S>(DType::F16, operands, attrs, kExact);
  check_case<S>(DType::I8, operands, attrs, kExact);
  check_case<S>(DType::U8, operands, attrs, kExact);
}

}  // namespace

TEST_CASE("permutes of up to five axes", "[kernel]") {
  exact<ops::Permute>({{{2, 3, 4, 5}}}, {{0, 2, 3, 1}});
  exact<ops::Permute>({{{2, 3, 4, 5}}}, {{0, 1, 3, 2}});
  exact<ops::Permute>({{{2, 3, 4, 5}}}, {{3, 2, 1, 0}});
  exact<ops::Permute>({{{2, 3, 4, 5}}}, {{1, 0, 2, 3}});
  exact<ops::Permute>({{{2, 3, 2, 5, 3}}}, {{4, 2, 0, 3, 1}});
  exact<ops::Permute>({{{1, 2, 3, 4, 5}}}, {{0, 2, 1, 3, 4}});
}

TEST_CASE("expand and tile", "[kernel]") {
  exact<ops::Expand>({{{3, 1, 5}}}, {{2, 3, 4, 5}});
  exact<ops::Expand>({{{1}}}, {{70}});
  exact<ops::Expand>({{{4, 1}}}, {{4, 9}});
  exact<ops::Tile>({{{2, 3, 5}}}, {{2, 1, 3}});
}

TEST_CASE("slices, also strided and backwards", "[kernel]") {
  exact<ops::Slice>({{{2, 8, 6, 7}}}, {{0, 2, 0, 0}, {1, 1, 1, 1}, {2, 3, 6, 7}});
  exact<ops::Slice>({{{2, 8, 6, 7}}}, {{0, 1, 1, 0}, {1, 2, 2, 3}, {2, 4, 3, 3}});
  exact<ops::Slice>({{{2, 8, 6, 7}}}, {{1, 7, 0, 6}, {-1, -2, 1, -1}, {2, 4, 6, 7}});
}

TEST_CASE("concat and pad", "[kernel]") {
  exact<ops::Concat>({{{2, 3, 4}}, {{2, 5, 4}}, {{2, 1, 4}}}, {1});
  exact<ops::Concat>({{{1, 3, 4}}, {{1, 5, 4}}}, {1});
  exact<ops::Concat>({{{3, 4}}, {{3, 2}}}, {1});
  for (const auto mode : {ops::PadMode::Constant, ops::PadMode::Reflect, ops::PadMode::Edge, ops::PadMode::Wrap})
    exact<ops::Pad>({{{2, 3, 4, 5}}}, {{0, 1, 2, 0}, {0, 2, 1, 3}, mode, -1.5});
}

TEST_CASE("gathers by constant and by run-time indices", "[kernel]") {
  exact<ops::Gather>({{{3, 9, 5}}, {{4}, true, -9, 9, DType::I32}}, {1});
  exact<ops::Gather>({{{30, 70}}, {{2, 6}, false, 0, 30, DType::I32}}, {0});
  exact<ops::Gather>({{{3, 100, 5}}, {{99}, true, 0, 100, DType::I32}}, {1});
}

TEST_CASE("depth to space and back", "[kernel]") {
  exact<ops::DepthToSpace>({{{2, 12, 3, 5}}}, {2, ops::DepthMode::Dcr});
  exact<ops::DepthToSpace>({{{2, 18, 3, 5}}}, {3, ops::DepthMode::Crd});
  exact<ops::SpaceToDepth>({{{2, 3, 6, 4}}}, {2});
}

TEST_CASE("resize copies the nearest, or weighs neighbours", "[kernel]") {
  using A = ops::Resize::Attrs;
  const auto attrs = [](std::vector<int64_t> sizes, std::vector<float> scales, ops::ResizeMode mode,
                        ops::Coordinates c) {
    A a;
    a.mode = mode;
    a.coordinates = c;
    a.nearest_mode = ops::NearestMode::Floor;
    a.sizes = std::move(sizes);
    a.scales = std::move(scales);
    return a;
  };
  using C = ops::Coordinates;
  const auto nearest = ops::ResizeMode::Nearest, linear = ops::ResizeMode::Linear;
  exact<ops::Resize>({{{2, 70, 5, 7}}}, attrs({2, 70, 10, 14}, {1, 1, 2, 2}, nearest, C::Asymmetric));
  exact<ops::Resize>({{{1, 5, 4, 6}}}, attrs({1, 5, 12, 6}, {1, 1, 3, 1}, nearest, C::Asymmetric));
  exact<ops::Resize>({{{1, 5, 7, 6}}}, attrs({1, 5, 10, 4}, {1, 1, 10.f / 7, 4.f / 6}, nearest, C::HalfPixel));
  check_floats<ops::Resize>({{{2, 70, 5, 7}}}, attrs({2, 70, 10, 14}, {1, 1, 2, 2}, linear, C::HalfPixel), {1e-6, 1e-6},
                            kHalfUlp);
  check_floats<ops::Resize>({{{1, 5, 7, 6}}}, attrs({1, 5, 11, 4}, {1, 1, 11.f / 7, 4.f / 6}, linear, C::AlignCorners),
                            {1e-6, 1e-6}, kHalfUlp);
  for (const A& a : {attrs({1, 70, 10, 12}, {1, 1, 2, 2}, linear, C::HalfPixel),
                     attrs({1, 70, 11, 4}, {1, 1, 11.f / 5, 4.f / 6}, linear, C::AlignCorners),
                     attrs({1, 70, 4, 13}, {1, 1, 4.f / 5, 13.f / 6}, linear, C::Asymmetric),
                     attrs({1, 70, 5, 18}, {1, 1, 1, 3}, linear, C::HalfPixel),
                     attrs({1, 70, 9, 6}, {1, 1, 9.f / 5, 1}, linear, C::HalfPixel)})
    for (const DType t : {DType::I8, DType::U8})
      check_case<ops::Resize>(t, {{{1, 70, 5, 6}, false, t == DType::U8 ? 0.0 : -128, t == DType::U8 ? 256.0 : 128}}, a,
                              kExact);
}
