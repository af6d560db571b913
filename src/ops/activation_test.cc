// Elementwise operators of one tensor: values from tables of the functions, attributes, types, errors.
#include "ops/activation.h"

#include <catch2/catch.hpp>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {

namespace {

const std::vector<float> kPoints{-2, -0.5f, 0, 0.5f, 2};
Tensor points() { return f32({5}, kPoints); }

}  // namespace

TEST_CASE("piecewise linear activations", "[op]") {
  CHECK(values<Relu>({points()}) == Reals{0, 0, 0, 0.5, 2});
  CHECK(values<Relu>({i64({2}, {-3, 3})}) == Reals{0, 3});
  CHECK(values<Clip>({points()}, {.min = -1, .max = 1}) == Reals{-1, -0.5, 0, 0.5, 1});
  CHECK(values<Clip>({points()}) == Reals{-2, -0.5, 0, 0.5, 2});
  CHECK(values<LeakyRelu>({points()}, {.alpha = 0.25f}) == Reals{-0.5, -0.125, 0, 0.5, 2});
  check_close(values<HardSigmoid>({points()}, {.alpha = 0.5f, .beta = 0.5f}), {0, 0.25, 0.5, 0.75, 1});
  check_close(values<HardSwish>({points()}), {-2.0 / 6, -0.5 * 2.5 / 6, 0, 0.5 * 3.5 / 6, 2 * 5.0 / 6});
}

TEST_CASE("prelu has a slope per channel", "[op]") {
  const Tensor x = f32({1, 2, 2}, {-1, 1, -2, 2});
  CHECK(values<PRelu>({x, f32({2, 1}, {0.5f, 2})}) == Reals{-0.5, 1, -4, 2});
  CHECK(error_of<PRelu>({f32({2}, {1, 2}), f32({3, 2}, {1, 2, 3, 4, 5, 6})}) == 1203);
  CHECK(error_of<PRelu>({f32({2}, {1, 2}), typed(DType::F16, {2}, {1, 2})}) == 1202);
}

// Reference values: tables of the functions to nine digits.
TEST_CASE("curved activations", "[op]") {
  check_close(values<Sigmoid>({points()}), {0.119202922, 0.377540669, 0.5, 0.622459331, 0.880797078});
  check_close(values<Tanh>({points()}), {-0.964027580, -0.462117157, 0, 0.462117157, 0.964027580});
  check_close(values<Silu>({points()}), {-0.238405844, -0.188770334, 0, 0.311229666, 1.761594156});
  check_close(values<Erf>({points()}), {-0.995322265, -0.520499878, 0, 0.520499878, 0.995322265});
  check_close(values<Gelu>({points()}), {-0.045500264, -0.154268770, 0, 0.345731230, 1.954499736});
  check_close(values<Gelu>({points()}, {.approximate = true}),
              {-0.045402306, -0.154285988, 0, 0.345714012, 1.954597694});
  check_close(values<Elu>({points()}, {.alpha = 2}), {-1.729329434, -0.786938681, 0, 0.5, 2});
  check_close(values<Softplus>({points()}), {0.126928011, 0.474076984, 0.693147181, 0.974076984, 2.126928011});
}

TEST_CASE("curved activations do not overflow", "[op]") {
  const Tensor far = f32({2}, {-200, 200});
  CHECK(values<Sigmoid>({far}) == Reals{0, 1});
  CHECK(values<Softplus>({far}) == Reals{0, 200});
}

TEST_CASE("plain functions", "[op]") {
  check_close(values<Exp>({f32({3}, {-1, 0, 1})}), {0.367879441, 1, 2.718281828});
  check_close(values<Log>({f32({2}, {1, 10})}), {0, 2.302585093});
  CHECK(values<Sqrt>({f32({2}, {4, 2.25f})}) == Reals{2, 1.5});
  CHECK(values<Abs>({i64({2}, {-3, 3})}) == Reals{3, 3});
  CHECK(values<Neg>({points()}) == Reals{2, 0.5, 0, -0.5, -2});
  CHECK(values<Reciprocal>({f32({2}, {4, -0.5f})}) == Reals{0.25, -2});
  CHECK(values<Sign>({points()}) == Reals{-1, -1, 0, 1, 1});
  const Tensor halves = f32({4}, {-1.5f, -0.5f, 0.5f, 2.5f});
  CHECK(values<Floor>({halves}) == Reals{-2, -1, 0, 2});
  CHECK(values<Ceil>({halves}) == Reals{-1, 0, 1, 3});
  CHECK(values<Round>({halves}) == Reals{-2, 0, 0, 2});
  check_close(values<Sin>({f32({2}, {0, 1})}), {0, 0.841470985});
  check_close(values<Cos>({f32({2}, {0, 1})}), {1, 0.540302306});
  CHECK(eval<Exp>({typed(DType::F64, {1}, {1})}).to_f64()[0] == Approx(2.718281828459045).epsilon(1e-15));
}

TEST_CASE("activations refuse types they do not take", "[op]") {
  CHECK(error_of<Exp>({i64({1}, {1})}) == 1202);
  CHECK(error_of<Relu>({typed(DType::Bool, {1}, {1})}) == 1202);
  CHECK(error_of<Clip>({points()}, {.min = NAN, .max = 1}) == 1208);
}

TEST_CASE("operators of one tensor by their text names", "[op]") {
  const std::pair<std::string, double> table[] = {{"relu", 2},
                                                  {"clip", 2},
                                                  {"leaky_relu", 2},
                                                  {"sigmoid", 0.880797078},
                                                  {"tanh", 0.964027580},
                                                  {"silu", 1.761594156},
                                                  {"hard_sigmoid", 0.9},
                                                  {"hard_swish", 10.0 / 6},
                                                  {"exp", 7.389056099},
                                                  {"log", 0.693147181},
                                                  {"sqrt", 1.414213562},
                                                  {"erf", 0.995322265},
                                                  {"gelu", 1.954499736},
                                                  {"elu", 2},
                                                  {"softplus", 2.126928011},
                                                  {"abs", 2},
                                                  {"neg", -2},
                                                  {"reciprocal", 0.5},
                                                  {"floor", 2},
                                                  {"ceil", 2},
                                                  {"round", 2},
                                                  {"sign", 1},
                                                  {"sin", 0.909297427},
                                                  {"cos", -0.416146837}};
  for (const auto& [name, want] : table)
    check_close(
        value_of_text(fmt::format("graph @g(%x: f32[1]) -> (%y) {{ %y = {}(%x) : f32[1] }}", name), f32({1}, {2})),
        {want});
  const std::string prelu = "graph @g(%x: f32[1]) -> (%y) { %s = const [3] : f32[1] %y = prelu(%x, %s) : f32[1] }";
  check_close(value_of_text(prelu, f32({1}, {-2})), {-6});
}

TEST_CASE("integers go through the arithmetic that chips have for them", "[op]") {
  const Tensor x = i64({5}, {-7, -1, 0, 3, 16777217});
  CHECK(ImportCase("Abs", 13).input(x).values() == Reals{7, 1, 0, 3, 16777217});
  CHECK(ImportCase("Neg", 13).input(x).values() == Reals{7, 1, 0, -3, -16777217});
  CHECK(ImportCase("Relu", 14).input(x).values() == Reals{0, 0, 0, 3, 16777217});
  CHECK(ImportCase("Sign", 13).input(x).values() == Reals{-1, -1, 0, 1, 1});
  ImportCase clip("Clip", 13);
  clip.input(x).constant(i64({}, {-2})).constant(i64({}, {16777216}));
  CHECK(clip.values() == Reals{-2, -1, 0, 3, 16777216});
  CHECK(ImportCase("Clip", 13).input(x).absent().constant(i64({}, {1})).ops() == "min");
  CHECK(ImportCase("Neg", 13).input(counting({2})).ops() == "neg");
}

}  // namespace tpuc::ops::test
