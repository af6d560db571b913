// Reshape, permute, expand, tile, slice, concat, pad, gather, scatter and cast: small cases worked out by hand.
#include "ops/shape.h"

#include <catch2/catch.hpp>

#include "ops/cast.h"
#include "ops/gather.h"
#include "ops/import_case.h"
#include "ops/op_case.h"
#include "ops/slice.h"

namespace tpuc::ops::test {

namespace {

Tensor ramp(Dims dims) {
  Tensor t(DType::F32, std::move(dims));
  std::vector<float> v(static_cast<size_t>(t.count()));
  for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i);
  t.assign_f32(v);
  return t;
}

}  // namespace

TEST_CASE("reshape keeps the order of elements", "[op]") {
  CHECK(eval<Reshape>({ramp({2, 3})}, {.shape = {3, 2}}).dims() == Dims{3, 2});
  CHECK(values<Reshape>({ramp({2, 3})}, {.shape = {6}}) == Reals{0, 1, 2, 3, 4, 5});
  CHECK(error_of<Reshape>({ramp({2, 3})}, {.shape = {4}}) == 1207);
  CHECK(error_of<Reshape>({ramp({2, 3})}, {.shape = {-2, -3}}) == 1207);
}

TEST_CASE("permute", "[op]") {
  CHECK(values<Permute>({ramp({2, 3})}, {.order = {1, 0}}) == Reals{0, 3, 1, 4, 2, 5});
  const Tensor y = eval<Permute>({ramp({2, 3, 4})}, {.order = {2, 0, 1}});
  CHECK(y.dims() == Dims{4, 2, 3});
  CHECK(y.to_f32()[1] == 4);  // [0,0,1] was [0,1,0]
  CHECK(y.to_f32()[6] == 1);  // [1,0,0] was [0,0,1]
  CHECK(error_of<Permute>({ramp({2, 3})}, {.order = {0, 0}}) == 1206);
  CHECK(error_of<Permute>({ramp({2, 3})}, {.order = {0}}) == 1206);
}

TEST_CASE("expand and tile repeat", "[op]") {
  CHECK(values<Expand>({ramp({2, 1})}, {.shape = {2, 2, 2}}) == Reals{0, 0, 1, 1, 0, 0, 1, 1});
  CHECK(error_of<Expand>({ramp({2})}, {.shape = {3}}) == 1203);
  CHECK(error_of<Expand>({ramp({3})}, {.shape = {1}}) == 1203);
  CHECK(values<Tile>({ramp({2})}, {.repeats = {3}}) == Reals{0, 1, 0, 1, 0, 1});
  CHECK(values<Tile>({ramp({2, 2})}, {.repeats = {1, 2}}) == Reals{0, 1, 0, 1, 2, 3, 2, 3});
  CHECK(error_of<Tile>({ramp({2})}, {.repeats = {-1}}) == 1208);
  CHECK(error_of<Tile>({ramp({2})}, {.repeats = {1, 1}}) == 1206);
}

TEST_CASE("slice takes strided and reversed blocks", "[op]") {
  CHECK(values<Slice>({ramp({3, 4})}, {.starts = {1, 0}, .steps = {1, 2}, .sizes = {2, 2}}) == Reals{4, 6, 8, 10});
  CHECK(values<Slice>({ramp({4})}, {.starts = {3}, .steps = {-1}, .sizes = {4}}) == Reals{3, 2, 1, 0});
  CHECK(eval<Slice>({ramp({4})}, {.starts = {0}, .steps = {1}, .sizes = {0}}).count() == 0);
  CHECK(error_of<Slice>({ramp({4})}, {.starts = {2}, .steps = {1}, .sizes = {3}}) == 1209);
  CHECK(error_of<Slice>({ramp({4})}, {.starts = {0}, .steps = {0}, .sizes = {1}}) == 1208);
  CHECK(error_of<Slice>({ramp({4})}, {.starts = {0}, .steps = {INT64_MIN}, .sizes = {2}}) == 1209);
  CHECK(error_of<Slice>({ramp({4})}, {.starts = {}, .steps = {}, .sizes = {}}) == 1206);
}

TEST_CASE("concat joins along any axis", "[op]") {
  CHECK(values<Concat>({ramp({1, 2}), ramp({2, 2})}, {.axis = 0}) == Reals{0, 1, 0, 1, 2, 3});
  CHECK(values<Concat>({ramp({2, 1}), ramp({2, 2})}, {.axis = 1}) == Reals{0, 0, 1, 1, 2, 3});
  CHECK(error_of<Concat>({ramp({2, 1}), ramp({3, 1})}, {.axis = 1}) == 1209);
  CHECK(error_of<Concat>({ramp({2}), ramp({2, 1})}, {.axis = 0}) == 1209);
  CHECK(error_of<Concat>({ramp({2}), i64({1}, {1})}, {.axis = 0}) == 1202);
  CHECK(error_of<Concat>({ramp({2})}, {.axis = 1}) == 1206);
}

TEST_CASE("pad in all modes", "[op]") {
  const auto pad = [](PadMode mode) { return values<Pad>({ramp({3})}, {{2}, {2}, mode, 9}); };
  CHECK(pad(PadMode::Constant) == Reals{9, 9, 0, 1, 2, 9, 9});
  CHECK(pad(PadMode::Reflect) == Reals{2, 1, 0, 1, 2, 1, 0});
  CHECK(pad(PadMode::Edge) == Reals{0, 0, 0, 1, 2, 2, 2});
  CHECK(pad(PadMode::Wrap) == Reals{1, 2, 0, 1, 2, 0, 1});
  CHECK(values<Pad>({ramp({2, 1})}, {{0, 1}, {1, 0}, PadMode::Constant, 7}) == Reals{7, 0, 7, 1, 7, 7});
  CHECK(error_of<Pad>({ramp({3})}, {{-1}, {0}, PadMode::Constant, 0}) == 1208);
  CHECK(error_of<Pad>({ramp({0})}, {{1}, {0}, PadMode::Edge, 0}) == 1209);
  CHECK(error_of<Pad>({ramp({3})}, {{1, 1}, {0}, PadMode::Constant, 0}) == 1206);
}

TEST_CASE("gather picks slices", "[op]") {
  const Tensor y = eval<Gather>({ramp({3, 2}), i64({2, 1}, {2, -3})}, {.axis = 0});
  CHECK(y.dims() == Dims{2, 1, 2});
  CHECK(y.to_f64() == Reals{4, 5, 0, 1});
  CHECK(values<Gather>({ramp({2, 3}), i64({}, {1})}, {.axis = 1}) == Reals{1, 4});
  CHECK(error_of<Gather>({ramp({3}), i64({1}, {3})}, {.axis = 0}) == 1210);
  CHECK(error_of<Gather>({ramp({3}), f32({1}, {1})}, {.axis = 0}) == 1202);
  CHECK(error_of<Gather>({ramp({3}), i64({1}, {1})}, {.axis = 1}) == 1206);
}

TEST_CASE("gather_elements, gather_nd and scatter_nd", "[op]") {
  CHECK(values<GatherElements>({ramp({2, 2}), i64({2, 2}, {0, 0, 1, 0})}, {.axis = 1}) == Reals{0, 0, 3, 2});
  CHECK(error_of<GatherElements>({ramp({2, 2}), i64({3, 2}, {0, 0, 0, 0, 0, 0})}, {.axis = 1}) == 1209);
  CHECK(values<GatherNd>({ramp({2, 2}), i64({2, 2}, {0, 0, 1, 1})}) == Reals{0, 3});
  CHECK(values<GatherNd>({ramp({2, 2}), i64({2, 1}, {1, 0})}, {.batch_dims = 1}) == Reals{1, 2});
  CHECK(error_of<GatherNd>({ramp({2}), i64({1, 2}, {0, 0})}) == 1206);
  CHECK(error_of<GatherNd>({ramp({2}), i64({1, 1}, {2})}) == 1210);
  const Tensor where = i64({2, 1}, {2, 0}), what = f32({2}, {10, 20});
  CHECK(values<ScatterNd>({ramp({3}), where, what}) == Reals{20, 1, 10});
  CHECK(values<ScatterNd>({ramp({3}), where, what}, {ScatterKind::Add}) == Reals{20, 1, 12});
  CHECK(error_of<ScatterNd>({ramp({3}), where, f32({1}, {1})}) == 1209);
}

TEST_CASE("cast truncates, rounds and wraps", "[op]") {
  CHECK(values<Cast>({f32({4}, {-1.7f, 1.7f, 300, -1e20f})}, {.to = DType::I32}) == Reals{-1, 1, 300, -2147483648.0});
  CHECK(values<Cast>({i64({2}, {258, -1})}, {.to = DType::U8}) == Reals{2, 255});
  CHECK(values<Cast>({f32({3}, {0, 0.5f, -2})}, {.to = DType::Bool}) == Reals{0, 1, 1});
  CHECK(values<Cast>({f32({2}, {2049, 65520})}, {.to = DType::F16})[0] == 2048);
  CHECK(values<Cast>({i64({1}, {3})}, {.to = DType::F32, .origin = Origin::Lowering}) == Reals{3});
}

TEST_CASE("dropout does nothing unless it trains with a ratio", "[op]") {
  const auto dropout = [](float ratio, bool trains) {
    ImportCase c("Dropout", 13);
    c.input(f32({2}, {1, 2})).constant(f32({}, {ratio})).constant(typed(DType::Bool, {}, {trains ? 1.0 : 0.0}));
    return c;
  };
  CHECK(dropout(0.5f, false).values() == Reals{1, 2});
  CHECK(dropout(0, true).values() == Reals{1, 2});
  CHECK(dropout(0.5f, true).error() == 1024);
  CHECK(ImportCase("Dropout", 13).input(f32({2}, {1, 2})).constant(f32({0}, {})).error() == 1209);
}

TEST_CASE("scattered elements are rows of one element", "[op]") {
  const auto placed = [](int64_t axis, const char* reduction, Tensor index, Tensor updates) {
    return ImportCase("ScatterElements", 18)
        .attr("axis", NodeAttr(axis))
        .attr("reduction", NodeAttr(std::string(reduction)))
        .input(ramp({2, 3}))
        .input(std::move(index))
        .input(std::move(updates))
        .values();
  };
  CHECK(placed(1, "none", i64({2, 1}, {-1, 0}), typed(DType::F32, {2, 1}, {10, 20})) == Reals{0, 1, 10, 20, 4, 5});
  CHECK(placed(0, "none", i64({1, 2}, {1, -2}), typed(DType::F32, {1, 2}, {10, 20})) == Reals{0, 20, 2, 10, 4, 5});
  CHECK(placed(-1, "add", i64({1, 2}, {1, 1}), typed(DType::F32, {1, 2}, {10, 20})) == Reals{0, 31, 2, 3, 4, 5});
}

}  // namespace tpuc::ops::test
