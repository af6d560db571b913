// Elementwise operators of two inputs: values worked out by hand, broadcasting, integers, errors.
#include "ops/eltwise.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ops/op_case.h"

namespace tpuc::ops::test {

TEST_CASE("arithmetic broadcasts like numpy", "[op]") {
  const Tensor column = f32({2, 1}, {1, 10}), row = f32({3}, {1, 2, 3});
  CHECK(eval<Add>({column, row}).dims() == Dims{2, 3});
  CHECK(values<Add>({column, row}) == Reals{2, 3, 4, 11, 12, 13});
  CHECK(values<Sub>({column, row}) == Reals{0, -1, -2, 9, 8, 7});
  CHECK(values<Mul>({column, row}) == Reals{1, 2, 3, 10, 20, 30});
  check_close(values<Div>({row, column}), {1, 2, 3, 0.1, 0.2, 0.3});
  CHECK(values<Add>({f32({}, {4}), row}) == Reals{5, 6, 7});
  CHECK(eval<Mul>({f32({0, 3}, {}), row}).dims() == Dims{0, 3});
}

TEST_CASE("add applies its activation to the sum", "[op]") {
  const Tensor a = f32({3}, {-3, 1, 5}), b = f32({3}, {1, 1, 4});
  CHECK(values<Add>({a, b}, {Activation::Relu}) == Reals{0, 2, 9});
  CHECK(values<Add>({a, b}, {Activation::Relu6}) == Reals{0, 2, 6});
}

TEST_CASE("half results are rounded once", "[op]") {
  const Tensor a = typed(DType::F16, {1}, {2048}), b = typed(DType::F16, {1}, {1});
  CHECK(values<Add>({a, b}) == Reals{2048});  // 2049 lies between 2048 and 2050: ties to even
  CHECK(values<Add>({typed(DType::BF16, {1}, {256}), typed(DType::BF16, {1}, {3})}) == Reals{260});
}

TEST_CASE("integers truncate, wrap and never trap", "[op]") {
  CHECK(values<Div>({i64({4}, {7, -7, 5, 3}), i64({4}, {2, 2, -1, 0})}) == Reals{3, -3, -5, 0});
  CHECK(values<Mod>({i64({4}, {7, -7, 7, -7}), i64({4}, {3, 3, -3, -3})}) == Reals{1, 2, -2, -1});
  CHECK(values<Mod>({i64({2}, {-7, 7}), i64({2}, {3, -3})}, {.fmod = true}) == Reals{-1, 1});
  CHECK(values<Pow>({i64({4}, {2, -3, 5, 1}), i64({4}, {10, 3, 0, -2})}) == Reals{1024, -27, 1, 1});
  const Tensor lowest = i64({1}, {INT64_MIN}), minus_one = i64({1}, {-1});
  CHECK(eval<Div>({lowest, minus_one}).to_i64() == std::vector<int64_t>{INT64_MIN});
  CHECK(values<Add>({typed(DType::U8, {1}, {250}), typed(DType::U8, {1}, {10})}) == Reals{4});
}

TEST_CASE("pow takes an exponent of another type", "[op]") {
  check_close(values<Pow>({f32({3}, {4, 2, 9}), i64({}, {2})}), {16, 4, 81});
  CHECK(values<Pow>({i64({2}, {4, 2}), f32({}, {0.5f})}) == Reals{2, 1});
}

TEST_CASE("min and max keep nan", "[op]") {
  const Tensor a = f32({3}, {1, NAN, 3}), b = f32({3}, {2, 2, NAN});
  const auto low = values<Min>({a, b}), high = values<Max>({a, b});
  CHECK(low[0] == 1);
  CHECK(high[0] == 2);
  for (size_t i = 1; i < 3; ++i) CHECK((std::isnan(low[i]) && std::isnan(high[i])));
}

TEST_CASE("comparisons and logic give bool", "[op]") {
  const Tensor a = f32({3}, {1, 2, 3}), b = f32({3}, {2, 2, 2});
  CHECK(eval<Less>({a, b}).dtype() == DType::Bool);
  CHECK(values<Less>({a, b}) == Reals{1, 0, 0});
  CHECK(values<Greater>({a, b}) == Reals{0, 0, 1});
  CHECK(values<LessOrEqual>({a, b}) == Reals{1, 1, 0});
  CHECK(values<GreaterOrEqual>({a, b}) == Reals{0, 1, 1});
  CHECK(values<Equal>({a, b}) == Reals{0, 1, 0});
  const Tensor p = typed(DType::Bool, {4}, {0, 0, 1, 1}), q = typed(DType::Bool, {4}, {0, 1, 0, 1});
  CHECK(values<And>({p, q}) == Reals{0, 0, 0, 1});
  CHECK(values<Or>({p, q}) == Reals{0, 1, 1, 1});
  CHECK(values<Xor>({p, q}) == Reals{0, 1, 1, 0});
  CHECK(values<Not>({p}) == Reals{1, 1, 0, 0});
}

TEST_CASE("select broadcasts all three inputs", "[op]") {
  const Tensor cond = typed(DType::Bool, {2, 1}, {1, 0}), a = f32({3}, {1, 2, 3}), b = f32({}, {-1});
  CHECK(values<Select>({cond, a, b}) == Reals{1, 2, 3, -1, -1, -1});
  CHECK(eval<Select>({cond, i64({1}, {INT64_MAX}), i64({1}, {0})}).to_i64() == std::vector<int64_t>{INT64_MAX, 0});
}

TEST_CASE("elementwise operators refuse what does not fit", "[op]") {
  CHECK(error_of<Add>({f32({2}, {1, 2}), f32({3}, {1, 2, 3})}) == 1203);
  CHECK(error_of<Add>({f32({1}, {1}), i64({1}, {1})}) == 1202);
  CHECK(error_of<Mul>({typed(DType::Bool, {1}, {1}), typed(DType::Bool, {1}, {1})}) == 1202);
  CHECK(error_of<And>({f32({1}, {1}), f32({1}, {1})}) == 1202);
  CHECK(error_of<Select>({f32({1}, {1}), f32({1}, {1}), f32({1}, {1})}) == 1202);
  CHECK(error_of<Sub>({f32({1}, {1})}) == 1105);
}

TEST_CASE("operators of two inputs by their text names", "[op]") {
  const std::pair<std::string, double> numbers[] = {{"add", 7}, {"sub", 3}, {"mul", 10}, {"div", 2.5},
                                                    {"min", 2}, {"max", 5}, {"pow", 25}, {"mod", 1}};
  for (const auto& [name, want] : numbers)
    CHECK(value_of_text(fmt::format("graph @g(%x: f32[1]) -> (%y) {{ %b = const [2] : f32[1] "
                                    "%y = {}(%x, %b) : f32[1] }}",
                                    name),
                        f32({1}, {5})) == Reals{want});
  const std::pair<std::string, double> tests[] = {
      {"equal", 0}, {"less", 0}, {"greater", 1}, {"less_or_equal", 0}, {"greater_or_equal", 1}};
  for (const auto& [name, want] : tests)
    CHECK(value_of_text(fmt::format("graph @g(%x: f32[1]) -> (%y) {{ %b = const [2] : f32[1] "
                                    "%y = {}(%x, %b) : bool[1] }}",
                                    name),
                        f32({1}, {5})) == Reals{want});
  const std::pair<std::string, double> logic[] = {{"and", 0}, {"or", 1}, {"xor", 1}};
  for (const auto& [name, want] : logic)
    CHECK(value_of_text(fmt::format("graph @g(%x: bool[1]) -> (%y) {{ %b = const [0] : bool[1] "
                                    "%y = {}(%x, %b) : bool[1] }}",
                                    name),
                        typed(DType::Bool, {1}, {1})) == Reals{want});
}

}  // namespace tpuc::ops::test
