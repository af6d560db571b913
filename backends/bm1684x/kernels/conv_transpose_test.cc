// Transposed convolutions: strides, pads and output pads of every kind, groups, dilation, run-time filters.
#include "backends/bm1684x/kernels/conv_geometry.h"
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/conv.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

using ops::ConvTranspose2d;
using ops::FilterOrder;

constexpr Tolerance kF32{2e-4, 1e-5}, kHalf{2e-3, 2e-3};  // as for convolutions

Operand weights(Dims dims) { return {std::move(dims), true, -1, 1}; }
Operand computed(Dims dims) { return {std::move(dims), false, -1, 1}; }

}  // namespace

TEST_CASE("transposed convolutions on all tilings", "[kernel]") {
  check_floats<ConvTranspose2d>({{{1, 70, 5, 6}}, weights({70, 33, 2, 2}), weights({33})},
                                {.strides = {2, 2}, .activation = ops::Activation::Relu}, kF32, kHalf);
  check_floats<ConvTranspose2d>({{{2, 5, 6, 7}}, weights({5, 130, 3, 3}), weights({130})},
                                {.strides = {2, 2}, .pads = {1, 1, 1, 1}, .output_pads = {1, 1}}, kF32, kHalf);
  check_floats<ConvTranspose2d>({{{1, 12, 9, 4}}, weights({12, 8, 4, 5})},
                                {.strides = {3, 1}, .pads = {2, 0, 1, 3}, .dilations = {2, 1}, .output_pads = {2, 0}},
                                kF32, kHalf);
  check_floats<ConvTranspose2d>({{{1, 8, 6, 6}}, {{6, 8, 3, 3}, true, -1, 1}}, {.filter = FilterOrder::Oihw}, kF32,
                                kHalf);
}

TEST_CASE("transposed convolutions in groups and by channel", "[kernel]") {
  check_floats<ConvTranspose2d>({{{1, 70, 5, 6}}, weights({70, 9, 3, 2}), weights({63})},
                                {.strides = {2, 3}, .group = 7}, kF32, kHalf);
  check_floats<ConvTranspose2d>({{{2, 70, 5, 6}}, weights({70, 1, 4, 4}), weights({70})},
                                {.strides = {2, 2}, .pads = {1, 1, 1, 1}, .group = 70}, kF32, kHalf);
}

TEST_CASE("results of a transposed convolution that no input reaches", "[kernel]") {
  check_floats<ConvTranspose2d>({{{1, 4, 3, 3}}, weights({4, 5, 2, 1}), weights({5})}, {.strides = {7, 5}}, kF32,
                                kHalf);
  check_floats<ConvTranspose2d>({{{1, 4, 3, 3}}, weights({4, 5, 2, 2}), weights({5})},
                                {.strides = {4, 3}, .output_pads = {3, 2}}, kF32, kHalf);
  // Pads longer than the filter reaches cut rows of the input off.
  check_floats<ConvTranspose2d>({{{1, 4, 9, 9}}, weights({4, 5, 3, 3})}, {.strides = {2, 1}, .pads = {5, 4, 6, 3}},
                                kF32, kHalf);
}

TEST_CASE("transposed convolutions beyond the fields of a command", "[kernel]") {
  check_floats<ConvTranspose2d>({{{1, 4, 5, 6}}, weights({4, 5, 20, 33})}, {.strides = {10, 15}}, kF32, kHalf);
  check_floats<ConvTranspose2d>({{{1, 4, 5, 6}}, weights({4, 66, 3, 2}), weights({66})}, {.dilations = {17, 2}}, kF32,
                                kHalf);
  check_floats<ConvTranspose2d>({{{1, 300, 4, 5}}, weights({300, 20, 3, 3})}, {.strides = {2, 2}}, {5e-4, 2e-5}, kHalf,
                                6144);
}

TEST_CASE("transposed convolutions with filters computed at run time", "[kernel]") {
  check_floats<ConvTranspose2d>({{{1, 70, 5, 6}}, computed({33, 70, 3, 3}), {{33}}},
                                {.strides = {2, 2}, .output_pads = {1, 1}, .filter = FilterOrder::Oihw}, kF32, kHalf);
  check_floats<ConvTranspose2d>({{{1, 96, 5, 6}}, computed({120, 48, 3, 3})},
                                {.strides = {2, 2}, .group = 2, .filter = FilterOrder::Oihw}, kF32, kHalf);
  check_floats<ConvTranspose2d>({{{1, 70, 5, 6}}, computed({70, 1, 3, 3})},
                                {.strides = {2, 2}, .group = 70, .filter = FilterOrder::Oihw}, kF32, kHalf);
}

TEST_CASE("rows of a transposed convolution's input", "[kernel]") {
  // 3 input rows, stride 2, filter of 3: 7 output rows; output 3 and 4 see input rows 1 and 2, output 3 as its middle.
  const ConvAxis axis{3, 1, 1, 2, 2, 3, 7};
  const AxisNeed need = axis_need(axis, 3, 2, 15);
  CHECK(need.begin == 1);
  CHECK(need.count == 2);
  CHECK(need.pad_before == 1);
  CHECK(need.pad_after == 0);
  const AxisNeed all = axis_need(axis, 0, 7, 15);
  CHECK(all.begin == 0);
  CHECK(all.count == 3);
  CHECK(all.pad_before == 2);
  CHECK(all.pad_after == 2);
}
