// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, by hand.
#include <cmath>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

// Two samples of three classes at one place; the labels are 2 and 0, or what is given.
ImportCase loss(const std::string& op, const std::string& reduction, std::vector<int64_t> labels = {2, 0}) {
  ImportCase c(op, 13);
  c.input(f32({2, 3, 1}, {1, 2, 4, 8, 16, 32})).input(i64({2, 1}, labels)).constant(f32({3}, {0.5f, 1, 2}));
  c.attr("reduction", reduction);
  return c;
}

}  // namespace

TEST_CASE("the likelihood of labels is picked, weighted and summed up", "[op]") {
  const std::string op = "NegativeLogLikelihoodLoss";
  CHECK(loss(op, "none").values() == Reals{-8, -4});
  CHECK(loss(op, "sum").values() == Reals{-12});
  check_close(loss(op, "mean").values(), {-12 / 2.5});
  CHECK(loss(op, "none", {2, -1}).attr("ignore_index", int64_t{-1}).values() == Reals{-8, 0});
  CHECK(loss(op, "mean", {2, 7}).attr("ignore_index", int64_t{7}).values() == Reals{-4});
  CHECK(loss(op, "median").error() == 1024);
  CHECK(ImportCase(op, 13).input(f32({2, 3}, {1, 2, 3, 4, 5, 6})).input(i64({3}, {0, 0, 0})).error() == 1209);
  CHECK(ImportCase(op, 13).input(f32({2}, {1, 2})).input(i64({}, {0})).error() == 1209);
}

TEST_CASE("cross entropy is the likelihood of a softmax's logarithm, which may be read too", "[op]") {
  const auto result = [](size_t output) {
    ImportCase c("SoftmaxCrossEntropyLoss", 13);
    c.input(f32({1, 2}, {0, std::log(3.0f)})).input(i64({1}, {0}));
    return c.output("log_shares").values(output);
  };
  check_close(result(0), {std::log(4.0)});
  check_close(result(1), {-std::log(4.0), std::log(0.75)});
}

}  // namespace tpuc::ops::test
