#include "driver/options.h"

#include <catch2/catch.hpp>

#include "tpuc/support/check.h"

using namespace tpuc;

namespace {

// The code of the error that `f` throws; 0 when it throws none.
template <class F>
int code_of(const F& f) {
  try {
    f();
    return 0;
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().front().code);
  }
}

}  // namespace

TEST_CASE("input shapes are read from the last equals sign", "[driver]") {
  CHECK(parse_input_shape("x=1x3x224x224") == std::pair<std::string, Dims>("x", {1, 3, 224, 224}));
  CHECK(parse_input_shape("a=b=7") == std::pair<std::string, Dims>("a=b", {7}));
  CHECK(parse_input_shape("scalar=") == std::pair<std::string, Dims>("scalar", {}));
}

TEST_CASE("bad input shapes are command line errors", "[driver]") {
  for (const char* text : {"x", "=1x2", "x=1x", "x=1x-2", "x=axb", "x=99999999999999999999"})
    CHECK(code_of([&] { parse_input_shape(text); }) == 2001);
  CHECK(code_of([] { parse_input_shape("x=1x{160,320}"); }) == 2001);  // lists: stage_shapes.h
}

TEST_CASE("input values keep whole numbers whole", "[driver]") {
  const auto [name, rate] = parse_input_value("sr=16000");
  CHECK(name == "sr");
  CHECK(rate.dtype() == DType::I64);
  CHECK(rate.dims().empty());
  CHECK(rate.to_i64() == std::vector<int64_t>{16000});
  const Tensor list = parse_input_value("s=1,2.5,-3").second;
  CHECK(list.dtype() == DType::F32);
  CHECK(list.dims() == Dims{3});
  CHECK(list.to_f32() == std::vector<float>{1, 2.5F, -3});
  CHECK(parse_input_value("flag=true").second.to_i64() == std::vector<int64_t>{1});
  CHECK(code_of([] { parse_input_value("s=1,two"); }) == 2001);
  CHECK(code_of([] { parse_input_value("s"); }) == 2001);
  CHECK(code_of([] { parse_input_value("s=/nowhere/x.npy"); }) == 5001);
}

TEST_CASE("tolerances and precisions", "[driver]") {
  const Tolerance t = parse_tolerance("0.5,-0.1");
  CHECK(t.cosine == 0.5);
  CHECK(t.euclidean == -0.1);
  for (const char* text : {"", "0.9", "0.9,", "0.9,0.8,0.7", "nan,0.9", "a,b"})
    CHECK(code_of([&] { parse_tolerance(text); }) == 2001);
  CHECK(parse_precision("f16") == Precision::F16);
  CHECK(parse_precision("int8") == Precision::Int8);
  CHECK(code_of([] { parse_precision("fp16"); }) == 2001);
  CHECK(default_tolerance(Precision::F32).cosine > default_tolerance(Precision::F16).cosine);
}
