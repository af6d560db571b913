// Convolutions: dense, grouped, depthwise; strides, dilation, uneven pads; packing; windows.
#include "ops/conv.h"

#include "backends/bm1684x/kernels/conv_pack.h"
#include "backends/bm1684x/kernels/conv_window.h"
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "backends/bm1684x/plan/tiler.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

// f32: another order of summation than the reference, over at most 9 * 70 terms of size 4. Halves: one rounding of the
// result and f32 sums, whose blocks are cut to 24 bits below the largest product (TIU.md section 4).
constexpr Tolerance kF32{2e-4, 1e-5}, kHalf{2e-3, 2e-3};

Operand weights(Dims dims) { return {std::move(dims), true, -1, 1}; }

}  // namespace

TEST_CASE("dense convolutions on all tilings", "[kernel]") {
  check_floats<ops::Conv2d>({{{1, 3, 17, 19}}, weights({70, 3, 3, 3}), weights({70})},
                            {.strides = {2, 2}, .pads = {1, 1, 1, 1}}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{2, 70, 9, 11}}, weights({130, 70, 1, 1}), weights({130})},
                            {.activation = ops::Activation::Relu}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 33, 12, 10}}, weights({65, 33, 3, 2})}, {.pads = {2, 1, 0, 0}, .dilations = {2, 3}},
                            kF32, kHalf);
  check_floats<ops::Conv2d>({{{2, 5, 14, 13}}, weights({7, 5, 5, 3}), weights({7})},
                            {.strides = {3, 2}, .pads = {0, 2, 3, 1}, .activation = ops::Activation::Relu6}, kF32,
                            kHalf);
}

TEST_CASE("grouped convolutions start in other lanes", "[kernel]") {
  check_floats<ops::Conv2d>({{{1, 70, 9, 9}}, weights({140, 10, 3, 3}), weights({140})},
                            {.pads = {1, 1, 1, 1}, .group = 7}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{2, 96, 6, 7}}, weights({192, 48, 1, 1})}, {.group = 2}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{2, 128, 6, 7}}, weights({128, 4, 3, 3}), weights({128})},
                            {.pads = {1, 1, 1, 1}, .group = 32}, kF32, kHalf);  // halves: 8 groups a command
  check_floats<ops::Conv2d>({{{1, 6, 6, 7}}, weights({12, 1, 3, 3})}, {.pads = {1, 1, 1, 1}, .group = 6}, kF32, kHalf);
}

TEST_CASE("depthwise convolutions round once in halves", "[kernel]") {
  check_floats<ops::Conv2d>({{{1, 70, 13, 11}}, weights({70, 1, 3, 3}), weights({70})},
                            {.pads = {1, 1, 1, 1}, .group = 70}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{2, 130, 12, 9}}, weights({130, 1, 5, 5})},
                            {.strides = {2, 2}, .pads = {2, 2, 1, 1}, .group = 130}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{2, 70, 35, 9}}, weights({70, 1, 20, 3}), weights({70})},
                            {.strides = {16, 2}, .pads = {3, 1, 18, 0}, .group = 70}, kF32, kHalf);
}

TEST_CASE("a window's range needs exactly its rows", "[kernel]") {
  const Window w{3, 2, 1, 1, 1};
  const WindowNeed first = window_need(w, 10, 5, 0, 2);
  CHECK(first.begin == 0);
  CHECK(first.count == 4);
  CHECK(first.pad_before == 1);
  CHECK(first.pad_after == 0);
  const WindowNeed middle = window_need(w, 10, 5, 2, 2);
  CHECK(middle.begin == 3);
  CHECK(middle.count == 5);
  CHECK(middle.pad_before == 0);
  const WindowNeed last = window_need(w, 10, 5, 4, 1);
  CHECK(last.begin == 7);
  CHECK(last.count == 3);
  CHECK(last.pad_after == 0);
}

TEST_CASE("filters are packed by lane, block and tap", "[kernel]") {
  // o = 65 of 66 lies in lane 1, row 1; i = 33 of 40 in block 1, place 1; tap 2 of 4.
  const ConvImage im{{66, 40, 4, Prec::F16}, true};
  Tensor f(DType::F32, {66, 40, 2, 2}), b(DType::F32, {66});
  f.as_mutable<float>()[(65 * 40 + 33) * 4 + 2] = 1;
  b.as_mutable<float>()[65] = 2;
  FilterSource source;
  source.filter = &f, source.opt_bias = &b;
  source.in_per_group = 40, source.out_per_group = 66;
  const auto bytes = pack_conv(im, source);
  CHECK(im.parameters().lane_bytes() == 64);
  const int64_t row_bytes = im.filters.row_stride() * 2;
  CHECK(row_bytes == 64 * 4 * 2);
  const auto half = [&](int64_t at) {
    return static_cast<int>(bytes[static_cast<size_t>(at)]) | static_cast<int>(bytes[static_cast<size_t>(at + 1)]) << 8;
  };
  const int64_t lane = im.lane_bytes();
  CHECK(half(lane + 64 + row_bytes + ((1 * 4 + 2) * 32 + 1) * 2) == 0x3C00);
  CHECK(half(lane + 4 + 2) == 0x4000);  // high half of 2.0f in bias row 1
}

TEST_CASE("pads, strides and dilations beyond the fields of a command", "[kernel]") {
  check_floats<ops::Conv2d>({{{1, 5, 9, 40}}, weights({6, 5, 3, 20}), weights({6})}, {.pads = {0, 19, 2, 17}}, kF32,
                            kHalf);
  check_floats<ops::Conv2d>({{{2, 3, 7, 6}}, weights({66, 3, 3, 2})}, {.pads = {5, 4, 18, 20}}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 70, 34, 37}}, weights({66, 70, 3, 2}), weights({66})},
                            {.strides = {16, 17}, .pads = {1, 0, 2, 3}, .activation = ops::Activation::Relu}, kF32,
                            kHalf);
  check_floats<ops::Conv2d>({{{2, 12, 40, 9}}, weights({8, 6, 3, 2})}, {.dilations = {18, 2}, .group = 2}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 3, 40, 9}}, weights({3, 1, 3, 3})},
                            {.pads = {16, 1, 16, 1}, .dilations = {16, 1}, .group = 3}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 4, 5, 6}}, weights({4, 1, 3, 3}), weights({4})}, {.pads = {17, 1, 2, 16}, .group = 4},
                            kF32, kHalf);
}

TEST_CASE("input channels are summed up in parts where lanes are small", "[kernel]") {
  check_floats<ops::Conv2d>({{{1, 300, 6, 5}}, weights({70, 300, 3, 3}), weights({70})},
                            {.pads = {1, 1, 1, 1}, .activation = ops::Activation::Relu}, {5e-4, 2e-5}, kHalf, 8192);
  check_floats<ops::Conv2d>({{{2, 200, 20, 5}}, weights({20, 200, 3, 1})},
                            {.pads = {1, 0, 16, 0}, .dilations = {17, 1}}, {5e-4, 2e-5}, kHalf, 4096);
}

TEST_CASE("the planner cuts a sum whose constants alone fill a lane", "[kernel]") {
  ConstantStore store;
  Graph g("g", store);
  Value* w = g.constant(Tensor(DType::F16, {70, 300, 3, 3}), "w");
  const Op& op = g.add<ops::Conv2d>({g.input({DType::F16, {1, 300, 6, 5}, {}}, "x"), w}, {.pads = {1, 1, 1, 1}});
  PlanOptions options;
  CHECK(tile_alone(op, options).front().depth == Depth{});
  options.lane_bytes = 4096;
  const auto tiles = tile_alone(op, options);
  CHECK(tiles[0].depth.begin == 0);
  CHECK(tiles[1].depth.begin == tiles[0].depth.extent);
  CHECK(tiles[1].begin == tiles[0].begin);
}

TEST_CASE("filters and biases computed at run time", "[kernel]") {
  check_floats<ops::Conv2d>({{{1, 70, 9, 8}}, {{130, 70, 3, 3}, false, -1, 1}, {{130}}}, {.pads = {1, 1, 1, 1}}, kF32,
                            kHalf, 12288);
  check_floats<ops::Conv2d>({{{2, 20, 9, 8}}, {{7, 20, 1, 1}, false, -1, 1}, weights({7})}, {.strides = {2, 1}}, kF32,
                            kHalf);
  check_floats<ops::Conv2d>({{{1, 96, 7, 8}}, {{150, 32, 3, 2}, false, -1, 1}}, {.group = 3}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 70, 9, 8}}, {{70, 1, 3, 3}, false, -1, 1}, {{70}}},
                            {.pads = {1, 1, 1, 1}, .group = 70}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 40, 40, 8}}, {{66, 40, 2, 2}, false, -1, 1}}, {.strides = {17, 2}}, kF32, kHalf);
}

TEST_CASE("filter rows of few channels become channels", "[kernel]") {
  const Operand x{{2, 3, 30, 32}};
  const ops::Conv2d::Attrs stem{.strides = {2, 2}, .pads = {3, 3, 3, 3}};
  check_floats<ops::Conv2d>({x, weights({70, 3, 7, 7}), weights({70})}, stem, kF32, kHalf, 8192);
  check_floats<ops::Conv2d>({{{1, 1, 9, 40}}, weights({5, 1, 9, 3})}, {.pads = {4, 0, 4, 2}}, kF32, kHalf);
  check_floats<ops::Conv2d>({{{1, 2, 3, 40}}, weights({5, 2, 5, 3})}, {.pads = {4, 0, 4, 2}}, kF32, kHalf);
  ConstantStore store;
  Graph g("g", store);
  Value* w = g.constant(Tensor(DType::F16, {70, 3, 7, 7}), "w");
  const Op& op = g.add<ops::Conv2d>({g.input({DType::F16, {2, 3, 30, 32}, {}}, "x"), w}, stem);
  CHECK(find_kernel("conv2d")->views(op).in[0].dims == Shape4{2, 21, 15, 32});
}

TEST_CASE("what the convolution array cannot do is said", "[kernel]") {
  ConstantStore store;
  Graph g("g", store);
  Value* x = g.input({DType::F32, {1, 4, 400, 4000}, {}}, "x");
  const auto support = [&](Value* filter, ops::Conv2d::Attrs a) {
    return find_kernel("conv2d")->supports(g.add<ops::Conv2d>({x, filter}, a), DType::F32);
  };
  Value* w = g.constant(Tensor(DType::F32, {4, 4, 3, 3}), "w");
  CHECK(support(w, {.strides = {17, 1}}).why ==
        "rows 17 apart of 4000 elements leave a convolution's 16-bit strides (TIU.md section 2)");
  CHECK(support(w, {.dilations = {1, 16}}).ok);
  CHECK(support(w, {.pads = {30, 0, 0, 0}}).ok);
}
