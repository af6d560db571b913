#include <catch2/catch.hpp>

#include "driver/tensors.h"
#include "tpuc/support/check.h"

using namespace tpuc;

namespace {

const std::vector<ArtifactTensor> kWanted = {{"image", {DType::F32, {1, 2}, {}}}, {"ids", {DType::I32, {2}, {}}}};

std::vector<ErrorCode> codes_of(const NamedTensors& given, bool raw = false) {
  std::vector<ErrorCode> codes;
  try {
    feed(kWanted, given, raw);
  } catch (const UserError& e) {
    for (const Diagnostic& d : e.diagnostics()) codes.push_back(d.code);
  }
  return codes;
}

}  // namespace

TEST_CASE("inputs are converted to what the network wants", "[driver]") {
  const std::vector<float> pixels{0.5F, 2};
  const std::vector<int64_t> ids{3, 4};
  NamedTensors given;
  given["image"] = converted(Tensor::from_f32({1, 2}, pixels), DType::F64);
  given["ids"] = Tensor::from_i64({2}, ids);
  given["other"] = Tensor(DType::F32, {5});  // ignored, with a note
  const NamedTensors fed = feed(kWanted, given, false);
  CHECK(fed.size() == 2);
  CHECK(fed.at("image").dtype() == DType::F32);
  CHECK(fed.at("image").to_f32() == pixels);
  CHECK(fed.at("ids").dtype() == DType::I32);
  CHECK(fed.at("ids").to_i64() == ids);
}

TEST_CASE("whole numbers beyond the network's type are saturated", "[driver]") {
  const std::vector<int64_t> ids{int64_t{1} << 40, -(int64_t{1} << 40)};
  NamedTensors given;
  given["image"] = Tensor(DType::F32, {1, 2});
  given["ids"] = Tensor::from_i64({2}, ids);
  CHECK(feed(kWanted, given, false).at("ids").to_i64() == std::vector<int64_t>{INT32_MAX, INT32_MIN});
}

TEST_CASE("everything that is wrong with the inputs is told at once", "[driver]") {
  CHECK(codes_of({}) == std::vector{ErrorCode::E3010, ErrorCode::E3010});
  NamedTensors given;
  given["image"] = Tensor(DType::F32, {2, 1});
  given["ids"] = Tensor(DType::F32, {2});  // floats cannot stand for indices
  CHECK(codes_of(given) == std::vector{ErrorCode::E3011, ErrorCode::E3011});
}

TEST_CASE("raw inputs are not converted", "[driver]") {
  NamedTensors given;
  given["image"] = Tensor(DType::F32, {1, 2});
  given["ids"] = Tensor(DType::I64, {2});
  CHECK(codes_of(given).empty());
  CHECK(codes_of(given, true) == std::vector{ErrorCode::E3011});
}

TEST_CASE("random inputs depend on seed and name alone", "[driver]") {
  const NamedTensors a = random_inputs(kWanted, 7), b = random_inputs(kWanted, 7), c = random_inputs(kWanted, 8);
  CHECK(identical(a.at("image"), b.at("image")));
  CHECK_FALSE(identical(a.at("image"), c.at("image")));
  for (const float x : a.at("image").to_f32()) CHECK((x >= -1 && x < 1));
  for (const int64_t x : a.at("ids").to_i64()) CHECK((x >= 0 && x < 8));
}

TEST_CASE("arrays of the embedding API are checked", "[driver]") {
  CHECK(to_tensors({{"x", {"f32", {2}, Bytes(8)}}}).at("x").dims() == Dims{2});
  const auto refused = [](const Array& a) {
    try {
      to_tensors({{"x", a}});
      return false;
    } catch (const UserError& e) {
      return e.diagnostics().front().code == ErrorCode::E3011;
    }
  };
  CHECK(refused({"f32", {2}, Bytes(7)}));
  CHECK(refused({"float", {2}, Bytes(8)}));
  CHECK(refused({"f32", {-1}, {}}));
  CHECK(refused({"f32", {int64_t{1} << 40, int64_t{1} << 40}, {}}));
}

TEST_CASE("real numbers are fed as the integers that stand for them", "[driver]") {
  const TensorType type{DType::I8, {1, 4}, Quant{{0.5F}, {3}}};
  const std::vector<ArtifactTensor> wanted = {{"x", type}};
  NamedTensors given;
  given["x"] = Tensor::from_f32({1, 4}, std::vector<float>{0.25F, -0.25F, 100, -2});  // ties away from zero; saturated
  const Tensor q = feed(wanted, given, false).at("x");
  CHECK(q.dtype() == DType::I8);
  CHECK(q.to_i64() == std::vector<int64_t>{4, 2, 127, -1});
  CHECK(dequantized(q, type).to_f32() == std::vector<float>{0.5F, -0.5F, 62, -2});
  CHECK_THROWS_AS(feed(wanted, given, true), UserError);  // raw: integers only
  given["x"] = q;
  CHECK(feed(wanted, given, true).at("x").to_i64() == q.to_i64());
  CHECK(as_seen(wanted).front().type.dtype == DType::F32);
  const Tensor random = random_inputs(wanted, 7).at("x");
  for (const int64_t x : random.to_i64()) CHECK((x >= 1 && x <= 5));
}
