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
  CHECK(conv({1, 1, 5, 5, 5, 5}, {1, 1, 3, 3, 3, 3}).error() == 1024);
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

Tensor bytes(DType t, Dims dims, const Reals& v) { return typed(t, std::move(dims), v); }

TEST_CASE("conv2d sums 8-bit integers exactly", "[op]") {
  const Tensor x = bytes(DType::I8, {1, 1, 2, 2}, {-128, 127, 3, -4}),
               w = bytes(DType::I8, {1, 1, 2, 2}, {-128, 127, 1, 2});
  const Tensor y = eval<Conv2d>({x, w});
  CHECK(y.dtype() == DType::I32);
  CHECK(y.to_f64() == Reals{128 * 128 + 127 * 127 + 3 - 8});
  const Tensor u = bytes(DType::U8, {1, 1, 1, 2}, {255, 0}), one = bytes(DType::I8, {1, 1, 1, 3}, {1, 10, -100});
  // zero point 7: the window sees 7, 255, 0 and then 255, 0, 7
  CHECK(values<Conv2d>({u, one}, {.pads = {0, 1, 0, 1}, .pad_value = 7}) == Reals{2557, 255 - 700});
  const Tensor bias = bytes(DType::I32, {1}, {100});
  CHECK(values<Conv2d>({u, one, bias}, {.pads = {0, 1, 0, 1}, .pad_value = 7}) == Reals{2657, -345});
}

TEST_CASE("conv2d requantizes by channel, ties to even, and saturates", "[op]") {
  const Tensor x = bytes(DType::I8, {1, 1, 1, 3}, {1, 3, 100}), w = bytes(DType::I8, {2, 1, 1, 1}, {1, -2});
  const Tensor rq = f32({2, 2}, {0.5f, 1, 0, 10});
  const auto run = [&](DType to) {
    ConstantStore store;
    Graph g("g", store);
    Op& op = g.add<Conv2d>({g.input(x.type, "x"), g.input(w.type, "w"), nullptr, g.input(rq.type, "rq")}, {.to = to});
    const std::vector<const Tensor*> in{&x, &w, nullptr, &rq};
    return evaluate(op, in).at(0).to_f64();
  };
  CHECK(run(DType::I8) == Reals{0, 2, 50, 8, 4, -128});
  CHECK(run(DType::U8) == Reals{0, 2, 50, 8, 4, 0});
}

TEST_CASE("conv_transpose2d holds pad_value between and around its pixels", "[op]") {
  const Tensor x = bytes(DType::U8, {1, 1, 1, 2}, {10, 20}), w = bytes(DType::I8, {1, 1, 1, 3}, {1, 2, 3});
  const Tensor plain = eval<ConvTranspose2d>({x, w}, {.strides = {1, 2}});
  CHECK(plain.dtype() == DType::I32);
  CHECK(plain.to_f64() == Reals{10, 20, 50, 40, 60});
  // x - 5 scattered, and 5 * (1 + 2 + 3) everywhere
  CHECK(values<ConvTranspose2d>({x, w}, {.strides = {1, 2}, .pad_value = 5}) == Reals{35, 40, 60, 60, 75});
}

TEST_CASE("convolutions refuse integers that do not go together", "[op]") {
  const Tensor x = bytes(DType::I8, {1, 1, 1, 1}, {1}), w = x, rq = f32({2, 1}, {1, 0});
  CHECK(error_of<Conv2d>({x, w}) == 0);
  CHECK(error_of<Conv2d>({x, bytes(DType::U8, {1, 1, 1, 1}, {1})}) == 1202);
  CHECK(error_of<Conv2d>({x, w, f32({1}, {1})}) == 1202);
  CHECK(error_of<Conv2d>({x, w}, {.activation = Activation::Relu}) == 1208);
  CHECK(error_of<Conv2d>({x, w}, {.pad_value = 128}) == 1208);
  CHECK(error_of<Conv2d>({x, w}, {.to = DType::I8}) == 1208);
  const Tensor b = bytes(DType::I32, {1}, {1});
  CHECK(error_of<Conv2d>({x, w, b, rq}, {.to = DType::U8}) == 0);
  CHECK(error_of<Conv2d>({x, w, b, rq}) == 1208);
  CHECK(error_of<Conv2d>({x, w, b, f32({2, 2}, {1, 0, 1, 0})}, {.to = DType::U8}) == 1209);
  CHECK(error_of<Conv2d>({f32({1, 1, 1, 1}, {1}), f32({1, 1, 1, 1}, {1})}, {.pad_value = 1}) == 1208);
  CHECK(error_of<Conv2d>({f32({1, 1, 1, 1}, {1}), f32({1, 1, 1, 1}, {1}), f32({1}, {1}), rq}) == 1202);
}

}  // namespace
}  // namespace tpuc::ops::test
