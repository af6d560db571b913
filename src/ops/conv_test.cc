// Convolutions: what import makes of ONNX attributes, and every error. Values: vectors_test.cc.
#include "ops/conv.h"

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

ImportCase conv(Dims x, Dims w, int opset = 11) {
  ImportCase c("Conv", opset);
  c.input(counting(std::move(x))).constant(counting(std::move(w)));
  return c;
}
ImportCase conv_transpose(Dims x, Dims w) {
  ImportCase c("ConvTranspose", 11);
  c.input(counting(std::move(x))).constant(counting(std::move(w)));
  return c;
}

TEST_CASE("conv pads as auto_pad says", "[op]") {
  const auto pads = [](const char* mode) {
    return conv({1, 1, 5, 6}, {1, 1, 4, 3})
        .attr("auto_pad", std::string(mode))
        .attr("strides", Ints{2, 2})
        .attr("pads", Ints{})
        .attrs<Conv2d>()
        .pads;
  };
  CHECK(pads("NOTSET") == Ints{0, 0, 0, 0});
  CHECK(pads("VALID") == Ints{0, 0, 0, 0});
  CHECK(pads("SAME_UPPER") == Ints{1, 0, 2, 1});  // 3 pads over h, 1 over w: the odd one at the end
  CHECK(pads("SAME_LOWER") == Ints{2, 1, 1, 0});
}

TEST_CASE("a convolution over one axis becomes one over two", "[op]") {
  ImportCase c = conv({1, 2, 6}, {3, 2, 3});
  c.attr("pads", Ints{1, 0}).attr("strides", Ints{2}).attr("dilations", Ints{2});
  CHECK(c.run().dims() == Dims{1, 3, 2});
  ImportCase same = conv({1, 2, 6}, {3, 2, 3});
  CHECK(same.ops() == "reshape conv2d reshape");  // the filter is a constant: its reshape is folded at once
}

TEST_CASE("conv refuses what it cannot mean", "[op]") {
  CHECK(conv({1, 1, 5, 5}, {1, 1, 3, 3}).attr("auto_pad", std::string("SAME")).error() == 1024);
  CHECK(conv({1, 1, 5, 5, 5}, {1, 1, 3, 3, 3}).error() == 1024);
  CHECK(conv({1, 1, 5, 5}, {1, 1, 3, 3}).attr("kernel_shape", Ints{2, 2}).error() == 1209);
  CHECK(conv({1, 1, 5, 5}, {1, 1, 3}).error() == 1201);
  CHECK(conv({1, 1, 5, 5}, {1, 1, 3, 3}).attr("strides", Ints{0, 1}).error() == 1208);
  CHECK(conv({1, 1, 5, 5}, {1, 1, 3, 3}).attr("pads", Ints{1, 1}).error() == 1206);
}

TEST_CASE("conv2d reports shapes that do not fit", "[op]") {
  const Tensor x = counting({1, 4, 5, 5}), w = counting({2, 4, 3, 3});
  CHECK(error_of<Conv2d>({x, w}) == 0);
  CHECK(error_of<Conv2d>({x, counting({2, 3, 3, 3})}) == 1204);
  CHECK(error_of<Conv2d>({x, w}, {.group = 2}) == 1204);
  CHECK(error_of<Conv2d>({x, counting({3, 2, 3, 3})}, {.group = 2}) == 1204);
  CHECK(error_of<Conv2d>({x, w}, {.group = 0}) == 1208);
  CHECK(error_of<Conv2d>({x, counting({2, 4, 6, 3})}) == 1205);
  CHECK(error_of<Conv2d>({x, w}, {.dilations = {3, 1}}) == 1205);
  CHECK(error_of<Conv2d>({x, w}, {.strides = {1}}) == 1206);
  CHECK(error_of<Conv2d>({x, w}, {.pads = {-1, 0, 0, 0}}) == 1208);
  CHECK(error_of<Conv2d>({x, w, counting({3})}) == 1209);
  CHECK(error_of<Conv2d>({counting({4, 5, 5}), w}) == 1201);
  CHECK(error_of<Conv2d>({i64({1, 1, 1, 1}, {1}), counting({1, 1, 1, 1})}) == 1202);
  CHECK(error_of<Conv2d>({x, typed(DType::F16, {2, 4, 3, 3}, Reals(72))}) == 1202);
}

TEST_CASE("conv2d takes f16 with an f32 filter and rounds once", "[op]") {
  const Tensor y = eval<Conv2d>({typed(DType::F16, {1, 1, 1, 1}, {2048}), f32({1, 1, 1, 1}, {1}), f32({1}, {1})});
  CHECK(y.dtype() == DType::F16);
  CHECK(y.to_f64() == Reals{2048});  // 2049 has no f16
}

TEST_CASE("conv_transpose derives its pads from output_shape or auto_pad", "[op]") {
  ImportCase shape = conv_transpose({1, 1, 3, 3}, {1, 2, 3, 3});
  shape.attr("strides", Ints{3, 2}).attr("output_shape", Ints{10, 8});
  CHECK(shape.run().dims() == Dims{1, 2, 10, 8});  // longer than the 9 x 7 of the operator: grows at the end
  const auto pads = [](const char* mode) {
    return conv_transpose({1, 1, 3, 3}, {1, 1, 3, 3})
        .attr("strides", Ints{2, 2})
        .attr("auto_pad", std::string(mode))
        .attrs<ConvTranspose2d>()
        .pads;
  };
  CHECK(pads("SAME_UPPER") == Ints{0, 0, 1, 1});
  CHECK(pads("SAME_LOWER") == Ints{1, 1, 0, 0});
  CHECK(pads("VALID") == Ints{0, 0, 0, 0});
  ImportCase line = conv_transpose({1, 1, 3}, {1, 2, 3});
  line.attr("pads", Ints{1, 0}).attr("strides", Ints{2}).attr("output_padding", Ints{1});
  CHECK(line.run().dims() == Dims{1, 2, 7});
  CHECK(conv_transpose({1, 1, 3, 3}, {1, 2, 3, 3}).attr("output_shape", Ints{10}).error() == 1206);
}

TEST_CASE("conv_transpose2d reports shapes that do not fit", "[op]") {
  const Tensor x = counting({1, 4, 3, 3}), w = counting({4, 2, 3, 3});
  CHECK(error_of<ConvTranspose2d>({x, w}) == 0);
  CHECK(error_of<ConvTranspose2d>({x, w}, {.group = 2}) == 0);
  CHECK(error_of<ConvTranspose2d>({x, w}, {.filter = FilterOrder::Oihw}) == 1204);
  CHECK(error_of<ConvTranspose2d>({x, w}, {.group = 3}) == 1204);
  CHECK(error_of<ConvTranspose2d>({x, w}, {.pads = {5, 0, 0, 0}}) == 1205);
  CHECK(error_of<ConvTranspose2d>({x, w}, {.output_pads = {-1, 0}}) == 1208);
  CHECK(error_of<ConvTranspose2d>({x, w, counting({3})}) == 1209);
}

}  // namespace
}  // namespace tpuc::ops::test
