// Normalizations, softmax and reductions: import and errors. Values: vectors_test.cc.
#include "ops/norm.h"

#include "ops/import_case.h"
#include "ops/op_case.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace tpuc::ops::test {
namespace {

ImportCase batch_norm(bool constant) {
  ImportCase c("BatchNormalization", 15);
  c.input(f32({1, 2, 1, 1}, {3, 5}));
  for (const Tensor& t : {f32({2}, {1, 2}), f32({2}, {0, 1}), f32({2}, {1, 1}), f32({2}, {4, 16})}) {
    if (constant) {
      c.constant(t);
    } else {
      c.input(t);
    }
  }
  c.attr("epsilon", 0.0f);
  return c;
}

TEST_CASE("batch norm takes statistics of both kinds", "[op]") {
  CHECK(batch_norm(true).values() == Reals{1, 3});
  CHECK(batch_norm(false).values() == Reals{1, 3});
  CHECK(batch_norm(true).ops() == "batch_norm");
  CHECK(batch_norm(true).attr("training_mode", int64_t{1}).error() == 1024);
  CHECK(batch_norm(true).attr("spatial", int64_t{0}).error() == 1024);
}

TEST_CASE("group norm before opset 21 has one factor per group", "[op]") {
  const auto groups = [](int opset, std::vector<float> gamma) {
    const Dims d{static_cast<int64_t>(gamma.size())};
    const Tensor zeros = f32(d, std::vector<float>(gamma.size()));
    return ImportCase("GroupNormalization", opset)
        .input(f32({1, 4, 1, 2}, {1, 3, 1, 3, 2, 6, 2, 6}))
        .constant(f32(d, gamma))
        .constant(zeros)
        .attr("num_groups", int64_t{2})
        .attr("epsilon", 0.0f)
        .values();
  };
  check_close(groups(18, {1, 2}), {-1, 1, -1, 1, -2, 2, -2, 2});
  check_close(groups(21, {1, 1, 2, 3}), {-1, 1, -1, 1, -2, 2, -3, 3});
}

TEST_CASE("layer norm counts its axis from either end", "[op]") {
  ImportCase c("LayerNormalization", 17);
  c.input(counting({2, 2, 3})).constant(f32({3}, {1, 1, 1}));
  CHECK(c.attrs<LayerNorm>().axis == 2);
}

TEST_CASE("layer norm gives its statistics where they are read", "[op]") {
  const auto statistic = [](size_t output) {
    ImportCase c("LayerNormalization", 17);
    c.input(f32({2, 2}, {1, 3, 5, 9})).constant(f32({2}, {1, 1})).attr("epsilon", 0.0f);
    return c.output("mean").output("deviation").values(output);
  };
  check_close(statistic(0), {-1, 1, -1, 1});
  check_close(statistic(1), {2, 7});
  check_close(statistic(2), {1, 0.5});
}

TEST_CASE("norms report what does not fit", "[op]") {
  const Tensor x = counting({1, 4, 2}), c4 = counting({4}), c3 = counting({3});
  CHECK(error_of<Scale>({x, c3}) == 1209);
  CHECK(error_of<Scale>({c4, c4}) == 1201);
  CHECK(error_of<BatchNorm>({x, c4, c4, c4, c3}) == 1209);
  CHECK(error_of<LayerNorm>({x, c3}, {.axis = 2}) == 1209);
  CHECK(error_of<LayerNorm>({x}, {.axis = 3}) == 1206);
  CHECK(error_of<RmsNorm>({x}, {.axis = -1}) == 1206);
  CHECK(error_of<GroupNorm>({x}, {.groups = 3}) == 1208);
  CHECK(error_of<InstanceNorm>({x, c3}) == 1209);
  CHECK(error_of<Lrn>({x}, {.size = 0}) == 1208);
  CHECK(error_of<Scale>({i64({1, 1}, {1}), f32({1}, {1})}) == 1202);
}

TEST_CASE("softmax before opset 13 takes the trailing axes as one", "[op]") {
  ImportCase flat("Softmax", 11);
  flat.input(counting({2, 2, 2})).attr("axis", int64_t{1});
  CHECK(flat.run().dims() == Dims{2, 2, 2});
  CHECK(ImportCase("Softmax", 11).input(counting({2, 2, 2})).ops() == "reshape softmax reshape");
  CHECK(ImportCase("Softmax", 11).input(counting({2, 2})).ops() == "softmax");
  CHECK(ImportCase("LogSoftmax", 13).input(counting({2, 3})).attrs<LogSoftmax>().axis == 1);
  CHECK(ImportCase("Softmax", 11).input(counting({2})).error() == 1206);
  CHECK(error_of<Softmax>({counting({2})}, {.axis = 1}) == 1206);
  check_close(values<Softmax>({f32({1, 2}, {1000, 1000})}), {0.5, 0.5});  // no overflow
}

TEST_CASE("reductions find their axes in attributes and inputs", "[op]") {
  CHECK(ImportCase("ReduceSum", 11).input(counting({2, 3})).attr("axes", Ints{-1}).values() == Reals{3, 12});
  CHECK(ImportCase("ReduceSum", 13).input(counting({2, 3})).constant(i64({1}, {0})).values() == Reals{3, 5, 7});
  CHECK(ImportCase("ReduceMax", 18).input(counting({2, 3})).values() == Reals{5});
  CHECK(ImportCase("ReduceSum", 13).input(counting({2})).attr("noop_with_empty_axes", int64_t{1}).ops() == "");
  CHECK(ImportCase("ReduceMean", 13).input(counting({2, 2})).attr("keepdims", int64_t{0}).run().dims() == Dims{});
  ImportCase lse("ReduceLogSumExp", 13);
  lse.input(f32({1, 2}, {1000, 1000})).attr("axes", Ints{1}).attr("keepdims", int64_t{0});
  check_close(lse.values(), {1000 + std::log(2.0)});
  check_close(ImportCase("ReduceLogSum", 13).input(f32({2}, {1, 3})).values(), {std::log(4.0)});
  CHECK(ImportCase("ReduceSum", 13).input(i64({3}, {int64_t{1} << 60, 1, 1})).run().to_i64()[0] ==
        (int64_t{1} << 60) + 2);
}

TEST_CASE("reductions report what does not fit", "[op]") {
  CHECK(error_of<Reduce>({counting({2})}, {.axes = {}}) == 1206);
  CHECK(error_of<Reduce>({counting({2})}, {.axes = {1}}) == 1206);
  CHECK(error_of<Reduce>({counting({2, 2})}, {.axes = {1, 1}}) == 1206);
  CHECK(error_of<Reduce>({counting({0})}, {.kind = ReduceKind::Max, .axes = {0}}) == 1208);
  CHECK(values<Reduce>({counting({0})}, {.axes = {0}}) == Reals{0});
  CHECK(error_of<ArgMax>({counting({2, 0})}, {.axis = 1}) == 1208);
  CHECK(error_of<ArgMin>({counting({2})}, {.axis = 2}) == 1206);
  CHECK(error_of<Reduce>({typed(DType::Bool, {1}, {1})}, {.axes = {0}}) == 1202);
}

}  // namespace
}  // namespace tpuc::ops::test
