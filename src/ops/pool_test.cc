// Pools: ceil_mode, divisors, one and three axes, errors. More values: vectors_test.cc.
#include "ops/pool.h"

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

ImportCase pool(const char* op, Dims x, Ints kernel) {
  ImportCase c(op, 13);
  c.input(counting(std::move(x))).attr("kernel_shape", std::move(kernel));
  return c;
}

TEST_CASE("ceil_mode adds a window where a part of one remains", "[op]") {
  ImportCase c = pool("MaxPool", {1, 1, 4, 4}, {3, 3});
  c.attr("strides", Ints{2, 2}).attr("ceil_mode", int64_t{1});
  CHECK(c.values() == Reals{10, 11, 14, 15});
  // The window that would start in the end pad is dropped: 5 by 2 with stride 3 and an end pad of 1.
  ImportCase d = pool("MaxPool", {1, 1, 1, 5}, {1, 2});
  d.attr("strides", Ints{1, 3}).attr("pads", Ints{0, 0, 0, 1}).attr("ceil_mode", int64_t{1});
  CHECK(d.values() == Reals{1, 4});
}

TEST_CASE("average pools divide by what counts", "[op]") {
  const auto average = [](int64_t include) {
    return pool("AveragePool", {1, 1, 1, 4}, {1, 3})
        .attr("strides", Ints{1, 2})
        .attr("pads", Ints{0, 1, 0, 0})
        .attr("ceil_mode", int64_t{1})
        .attr("count_include_pad", include)
        .values();
  };
  CHECK(average(0) == Reals{0.5, 2});
  check_close(average(1), {1.0 / 3, 2});
  ImportCase end = pool("AveragePool", {1, 1, 1, 4}, {1, 3});
  end.attr("strides", Ints{1, 2}).attr("ceil_mode", int64_t{1}).attr("count_include_pad", int64_t{1});
  CHECK(end.values() == Reals{1, 2.5});  // the second window has two elements; ceil_mode's pad never counts
}

TEST_CASE("pools over one and three axes", "[op]") {
  ImportCase line = pool("MaxPool", {1, 1, 6}, {2});
  line.attr("strides", Ints{2});
  CHECK(line.values() == Reals{1, 3, 5});
  ImportCase box = pool("MaxPool", {1, 2, 3, 4, 4}, {2, 2, 3});
  box.attr("strides", Ints{1, 2, 1}).attr("pads", Ints{1, 0, 0, 0, 0, 0});
  const Tensor y = box.run();
  CHECK(y.dims() == Dims{1, 2, 3, 2, 2});
  CHECK(y.to_f64()[0] == 6);  // depth -1 and 0, rows 0-1, columns 0-2
  CHECK(y.to_f64().back() == 95);
  CHECK(pool("AveragePool", {1, 1, 2, 2, 2, 2}, {1, 1, 1, 1}).error() == 1024);
}

TEST_CASE("global pools take the whole plane", "[op]") {
  ImportCase mean("GlobalAveragePool", 1);
  mean.input(counting({1, 2, 2, 2}));
  CHECK(mean.values() == Reals{1.5, 5.5});
  ImportCase most("GlobalMaxPool", 1);
  most.input(counting({1, 2, 3}));
  CHECK(most.values() == Reals{2, 5});
}

TEST_CASE("pools report what does not fit", "[op]") {
  const Tensor x = counting({1, 1, 3, 3});
  CHECK(error_of<MaxPool2d>({x}, {.kernel = {4, 1}}) == 1205);
  CHECK(error_of<MaxPool2d>({x}, {.kernel = {1}}) == 1206);
  CHECK(error_of<MaxPool2d>({x}, {.strides = {0, 1}}) == 1208);
  CHECK(error_of<MaxPool2d>({counting({3, 3})}) == 1201);
  CHECK(error_of<AvgPool2d>({i64({1, 1, 1, 1}, {1})}) == 1202);
  CHECK(error_of<AvgPool2d>({x}, {.end_extra = {1}}) == 1206);
  CHECK(pool("MaxPool", {1, 1, 3, 3}, {2, 2}).output("indices").error() == 1024);
  CHECK(pool("MaxPool", {1, 1, 3, 3}, {2}).error() == 1206);
  CHECK(pool("MaxPool", {1, 1, 3, 3, 3}, {2, 2}).error() == 1206);
}

TEST_CASE("max pooling keeps integers and nan", "[op]") {
  CHECK(values<MaxPool2d>({typed(DType::I8, {1, 1, 1, 4}, {-5, -3, -7, -9})}, {.kernel = {1, 2}, .strides = {1, 2}}) ==
        Reals{-3, -7});
  CHECK(std::isnan(values<MaxPool2d>({f32({1, 1, 1, 2}, {1, NAN})}, {.kernel = {1, 2}})[0]));
}

}  // namespace
}  // namespace tpuc::ops::test
