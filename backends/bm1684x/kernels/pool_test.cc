// Pools: windows, strides, pads, dilation, whole images.
#include "ops/pool.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

TEST_CASE("max pools are exact", "[kernel]") {
  const std::vector<ops::MaxPool2d::Attrs> kAttrs{{.kernel = {3, 3}, .strides = {2, 2}, .pads = {1, 1, 1, 1}},
                                                  {.kernel = {2, 2}, .strides = {2, 2}},
                                                  {.kernel = {5, 5}, .strides = {1, 1}, .pads = {2, 2, 2, 2}},
                                                  {.kernel = {1, 3}, .strides = {1, 2}, .pads = {0, 1, 0, 0}},
                                                  {.kernel = {3, 2}, .pads = {2, 1, 0, 0}, .dilations = {2, 1}},
                                                  {.kernel = {13, 17}, .strides = {1, 1}}};
  for (const auto& a : kAttrs)
    for (const Dims& d : {Dims{1, 70, 13, 17}, Dims{2, 5, 14, 19}, Dims{2, 130, 13, 17}})
      check_floats<ops::MaxPool2d>({{d}}, a, kExact, kExact);
}

TEST_CASE("max pools of bytes: padding never wins", "[kernel]") {
  for (const auto& a : {ops::MaxPool2d::Attrs{.kernel = {3, 3}, .strides = {2, 2}, .pads = {1, 1, 1, 1}},
                        ops::MaxPool2d::Attrs{.kernel = {5, 5}, .strides = {1, 1}, .pads = {2, 2, 2, 2}}})
    for (const Dims& d : {Dims{1, 70, 13, 17}, Dims{2, 130, 13, 17}}) {
      check_case<ops::MaxPool2d>(DType::I8, {{d, false, -128, -3}}, a, kExact, 1, 4096);
      check_case<ops::MaxPool2d>(DType::U8, {{d, false, 0, 256}}, a, kExact, 1, 4096);
    }
}

TEST_CASE("average pools count what ONNX counts", "[kernel]") {
  const std::vector<ops::AvgPool2d::Attrs> kAttrs{
      {.kernel = {2, 2}, .strides = {2, 2}},
      {.kernel = {3, 3}, .strides = {2, 2}, .pads = {1, 1, 1, 1}},
      {.kernel = {3, 3}, .strides = {2, 2}, .pads = {1, 1, 1, 1}, .count_include_pad = true},
      {.kernel = {3, 4}, .strides = {2, 3}, .pads = {0, 0, 1, 2}, .end_extra = {1, 1}, .count_include_pad = true},
      {.kernel = {13, 17}, .strides = {13, 17}}};
  for (const auto& a : kAttrs)
    for (const Dims& d : {Dims{1, 70, 13, 17}, Dims{2, 130, 13, 17}})
      check_floats<ops::AvgPool2d>({{d}}, a, {1e-6, 1e-6}, kHalfUlp);
}
