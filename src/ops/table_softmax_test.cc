// table_softmax: values worked out by hand, the distance to a real softmax, one bad input per error.
#include "ops/table_softmax.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

Tensor bytes(DType t, Dims dims, const Reals& v) { return typed(t, std::move(dims), v); }

// Tables of e^-x: of signed bytes below 127, or of distances.
Tensor exponentials(double step, bool below_top) {
  std::vector<float> v;
  for (int k = 0; k < 256; ++k)
    v.push_back(static_cast<float>(std::exp(-step * (below_top ? (256 - k) % 256 : 127 - (k > 127 ? k - 256 : k)))));
  return Tensor::from_f32({256}, v);
}
Tensor powers_below() {  // 2^-distance
  std::vector<float> v{1};
  for (int k = 1; k < 256; ++k) v.push_back(k < 130 ? 0 : std::ldexp(1.0F, k - 256));
  return Tensor::from_f32({256}, v);
}

TEST_CASE("table_softmax shares out by the table's entries", "[op]") {
  const Tensor x = bytes(DType::I8, {2, 3}, {5, 5, 4, -128, -126, -127});
  CHECK(values<TableSoftmax>({x, powers_below()}, {.axis = 1, .below_top = true}) == Reals{102, 102, 51, 36, 146, 73});
  CHECK(values<TableSoftmax>({x, powers_below()}, {.axis = 0, .below_top = true}) == Reals{255, 255, 255, 0, 0, 0});
  const TableSoftmax::Attrs small{.axis = 1, .below_top = true, .scale = 0.01F, .zero = -128, .to = DType::I8};
  CHECK(values<TableSoftmax>({x, powers_below()}, small) == Reals{-88, -88, -108, -114, -71, -99});
}

TEST_CASE("table_softmax finds the largest of unsigned and of signed bytes", "[op]") {
  const Reals shares{85, 170};
  CHECK(values<TableSoftmax>({bytes(DType::U8, {2}, {199, 200}), powers_below()}, {.axis = 0, .below_top = true}) ==
        shares);
  CHECK(values<TableSoftmax>({bytes(DType::I8, {2}, {-1, 0}), powers_below()}, {.axis = 0, .below_top = true}) ==
        shares);
}

TEST_CASE("table_softmax is half a step off a softmax, with the largest taken off or not", "[op]") {
  for (const int64_t length : {1, 15, 16, 17, 100, 1000}) {
    for (const bool below_top : {false, true}) {
      const double step = 0.05;
      Reals q;
      double sum = 0;
      for (int64_t i = 0; i < length; ++i) q.push_back(static_cast<double>(i * 37 % 256 - 128));
      for (const double x : q) sum += std::exp(step * x);
      const float scale = length < 100 ? 1.0F / 255 : 0.001F;
      const Reals y = values<TableSoftmax>({bytes(DType::I8, {length}, q), exponentials(step, below_top)},
                                           {.axis = 0, .below_top = below_top, .scale = scale});
      for (size_t i = 0; i < q.size(); ++i)
        CHECK(std::abs(y[i] - std::min(255.0, std::exp(step * q[i]) / sum / double(scale))) < 0.51);
    }
  }
}

TEST_CASE("table_softmax refuses what it cannot mean", "[op]") {
  const Tensor x = bytes(DType::I8, {2, 2}, {1, 2, 3, 4}), table = powers_below();
  CHECK(error_of<TableSoftmax>({table, table}) == 1202);
  CHECK(error_of<TableSoftmax>({x, x}) == 1202);
  CHECK(error_of<TableSoftmax>({x, f32({2}, {1, 2})}) == 1209);
  CHECK(error_of<TableSoftmax>({x, table}, {.axis = 2}) == 1206);
  CHECK(error_of<TableSoftmax>({x, table}, {.scale = 0}) == 1208);
  CHECK(error_of<TableSoftmax>({x, table}, {.scale = 1e-40F}) == 1208);
  CHECK(error_of<TableSoftmax>({x, table}, {.zero = -1}) == 1208);
  CHECK(error_of<TableSoftmax>({x, table}, {.to = DType::F16}) == 1208);
}

}  // namespace
}  // namespace tpuc::ops::test
