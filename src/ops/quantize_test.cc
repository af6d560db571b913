// Operators of quantized graphs: values worked out by hand, each attribute, one bad input per error.
#include "ops/quantize.h"

#include <catch2/catch.hpp>
#include <limits>

#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

Tensor i8(Dims dims, const Reals& v) { return typed(DType::I8, std::move(dims), v); }
Tensor u8(Dims dims, const Reals& v) { return typed(DType::U8, std::move(dims), v); }
Tensor i32(Dims dims, const Reals& v) { return typed(DType::I32, std::move(dims), v); }

// entry k = 255 - k
Tensor reversed_table(DType t) {
  Reals v;
  for (int k = 0; k < 256; ++k) v.push_back(t == DType::I8 ? 127 - k : 255 - k);
  return typed(t, {256}, v);
}

TEST_CASE("quantize rounds ties to even, saturates, and gives the lowest value for not-a-number", "[op]") {
  const Tensor x = f32({8}, {0, 0.25F, 0.75F, -0.25F, 100, -100, kInf, kNan});
  CHECK(values<Quantize>({x}, {.scale = 0.5F}) == Reals{0, 0, 2, 0, 127, -128, 127, -128});
  CHECK(values<Quantize>({x}, {.to = DType::U8, .scale = 0.5F, .zero = 3}) == Reals{3, 4, 4, 2, 203, 0, 255, 0});
  CHECK(values<Quantize>({typed(DType::F16, {2}, {1.5, -3})}, {.scale = 0.25F}) == Reals{6, -12});
  const Tensor y = eval<Quantize>({x}, {.to = DType::U8, .scale = 0.5F, .zero = 3});
  REQUIRE(y.type.quant.has_value());
  CHECK(*y.type.quant == Quant{{0.5F}, {3}});
}

TEST_CASE("quantize that divides rounds before the zero point is added", "[op]") {
  const Tensor x = f32({8}, {0, 0.25F, 0.75F, -0.25F, 100, -100, kInf, kNan});
  CHECK(values<Quantize>({x}, {DType::I8, 0.5F, 0, true}) == Reals{0, 0, 2, 0, 127, -128, 127, -128});
  CHECK(values<Quantize>({x}, {DType::U8, 0.5F, 3, true}) == Reals{3, 3, 5, 3, 203, 0, 255, 0});
  const Tensor tie = f32({1}, {5.5F * 0.007F});  // by the quotient; the product with the rounded reciprocal is below
  CHECK(values<Quantize>({tie}, {DType::U8, 0.007F, 0, true}) == Reals{6});
  CHECK(values<Quantize>({tie}, {DType::U8, 0.007F, 0, false}) == Reals{5});
}

TEST_CASE("dequantize subtracts, scales and rounds once to a half type", "[op]") {
  CHECK(values<Dequantize>({i8({3}, {-128, 0, 127})}, {.scale = 0.5F, .zero = -2}) == Reals{-63, 1, 64.5});
  CHECK(values<Dequantize>({u8({2}, {0, 255})}, {.scale = 2, .zero = 128}) == Reals{-256, 254});
  CHECK(values<Dequantize>({i32({2}, {16777217, -7})}, {}) == Reals{16777216, -7});
  CHECK(values<Dequantize>({u8({1}, {255})}, {.to = DType::BF16, .scale = 1.01F}) == Reals{258});  // 257.55
}

TEST_CASE("requantize takes a scale and an offset per index of an axis, or one for all", "[op]") {
  const Tensor x = i32({1, 2, 3}, {5, 7, -1000, 5, 7, 1000});
  const Tensor rq = f32({2, 2}, {0.5F, 2, 0, 10});
  CHECK(values<Requantize>({x, rq}) == Reals{2, 4, -128, 20, 24, 127});
  CHECK(values<Requantize>({x, rq}, {.to = DType::U8}) == Reals{2, 4, 0, 20, 24, 255});
  CHECK(values<Requantize>({x, f32({2, 3}, {1, 1, 1, 0, 1, 2})}, {.axis = 2}) == Reals{5, 8, -128, 5, 8, 127});
  CHECK(values<Requantize>({typed(DType::I16, {2}, {300, -3}), f32({2, 1}, {0.1F, 1})}) == Reals{31, 1});
}

TEST_CASE("lut reads its table at the unsigned byte", "[op]") {
  CHECK(values<Lut>({u8({3}, {0, 1, 255}), reversed_table(DType::U8)}) == Reals{255, 254, 0});
  CHECK(values<Lut>({i8({3}, {0, -1, -128}), reversed_table(DType::I8)}) == Reals{127, -128, -1});
  CHECK(values<Lut>({i8({1}, {-1}), reversed_table(DType::F32)}) == Reals{0});
}

TEST_CASE("weighted_sum adds, subtracts and changes a scale", "[op]") {
  const Tensor a = i8({2, 2}, {1, -2, 100, -100}), b = u8({2}, {200, 0});
  CHECK(values<WeightedSum>({a, b}, {.multipliers = {3, -1}, .scale = 0.5F}) == Reals{-98, -3, 50, -128});
  CHECK(values<WeightedSum>({a, b}, {.multipliers = {1, 1}, .offset = 1, .to = DType::U8}) == Reals{202, 0, 255, 0});
  CHECK(values<WeightedSum>({a}, {.multipliers = {8388607}, .scale = 1.0F / 8388608}) == Reals{1, -2, 100, -100});
  // exact: 3 * 255 * (2^23 - 1) wraps to 2^32 less
  const Tensor most = u8({1}, {255});
  const WeightedSum::Attrs wraps{.multipliers = {8388607, 8388607, 8388607}, .scale = 1.0F / 16777216};
  CHECK(values<WeightedSum>({most, most, most}, wraps) == Reals{126});  // 382.5 - 256
}

TEST_CASE("scaled_product subtracts zero points", "[op]") {
  const Tensor a = i8({2, 1}, {-128, 4}), b = u8({2}, {255, 0});
  CHECK(values<ScaledProduct>({a, b}, {.scale = 0.01F}) == Reals{-128, 0, 10, 0});
  CHECK(values<ScaledProduct>({a, b}, {.zero_a = 2, .zero_b = 250, .scale = 0.25F, .offset = 200, .to = DType::U8}) ==
        Reals{38, 255, 202, 75});  // -162.5, 8125, 2.5, -125
}

TEST_CASE("operators of quantized graphs refuse what they cannot mean", "[op]") {
  const Tensor x = f32({2}, {0, 1}), q = i8({2}, {0, 1}), wide = i32({2}, {0, 1});
  CHECK(error_of<Quantize>({q}) == 1202);
  CHECK(error_of<Quantize>({x}, {.to = DType::I32}) == 1208);
  for (const float scale : {0.0F, -1.0F, kNan, kInf, 1e-40F}) {
    CHECK(error_of<Quantize>({x}, {.scale = scale}) == 1208);
    CHECK(error_of<Dequantize>({q}, {.scale = scale}) == 1208);
  }
  CHECK(error_of<Quantize>({x}, {.zero = 128}) == 1208);
  CHECK(error_of<Dequantize>({x}) == 1202);
  CHECK(error_of<Dequantize>({q}, {.to = DType::I8}) == 1208);
  CHECK(error_of<Dequantize>({q}, {.zero = -129}) == 1208);
  CHECK(error_of<Requantize>({x, f32({2, 1}, {1, 0})}) == 1202);
  CHECK(error_of<Requantize>({wide, f32({2, 2}, {1, 1, 0, 0})}) == 1206);
  CHECK(error_of<Requantize>({wide, f32({2, 3}, {1, 1, 1, 0, 0, 0})}, {.axis = 0}) == 1209);
  CHECK(error_of<Requantize>({wide, f32({2, 1}, {1, 0})}, {.to = DType::F32}) == 1208);
  CHECK(error_of<Lut>({wide, reversed_table(DType::I8)}) == 1202);
  CHECK(error_of<Lut>({q, q}) == 1209);
  CHECK(error_of<WeightedSum>({q}) == 1206);
  CHECK(error_of<WeightedSum>({q}, {.multipliers = {8388608}}) == 1208);
  CHECK(error_of<WeightedSum>({q}, {.multipliers = {1}, .offset = kInf}) == 1208);
  CHECK(error_of<WeightedSum>({q, i8({3}, {1, 1, 1})}, {.multipliers = {1, 1}}) == 1203);
  CHECK(error_of<WeightedSum>({q, x}, {.multipliers = {1, 1}}) == 1202);
  CHECK(error_of<ScaledProduct>({q, wide}) == 1202);
  CHECK(error_of<ScaledProduct>({q, q}, {.zero_b = 200}) == 1208);
  CHECK(error_of<ScaledProduct>({q, q}, {.scale = kNan}) == 1208);
}

}  // namespace
}  // namespace tpuc::ops::test
