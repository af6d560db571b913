// Calibration tables: round trip, tpu-mlir's form, and what must be refused.
#include "tpuc/quant/table.h"

#include <catch2/catch.hpp>

#include "tpuc/support/check.h"

using namespace tpuc;

namespace {

CalibrationTable sample_table() {
  CalibrationTable t;
  t.method = "auto";
  t.samples = 40;
  Preprocess p;
  p.width = 224;
  p.height = 160;
  p.fit = Fit::Corner;
  p.crop_share = 0.875f;
  p.mean = {123.675f, 116.28f, 103.53f};
  p.scale = {0.0171247f, 0.017507f, 0.0174292f};
  p.channels = ChannelOrder::Bgr;
  p.layout = ImageLayout::Nhwc;
  p.pad = 114;
  t.preprocess = p;
  t.ranges["image"] = {-1.5f, 1.25f, -2.f, 1.25f, "kl"};
  t.ranges["a \"quoted\"/name"] = {0, 0.1f, 0, 0.3f, "max"};
  t.ranges["zero"] = {};
  t.ranges["channels"] = {
      -1, 1, -1, 1, "max", DType::F16, DType::F32, {2, {0.5f, -0.25f}}, {2, {1, 4}}, {"0f", {1, 255, 0}, {7}}};
  return t;
}

std::string message_of(std::string_view text) {
  try {
    parse_calibration_table(text, "t.json");
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E3030);
    return e.what();
  }
  return "accepted";
}

std::string with_row(const std::string& row) { return R"({"schema": "tpuc-calibration/1", "tensors": [)" + row + "]}"; }

}  // namespace

TEST_CASE("a calibration table survives writing and reading", "[quant]") {
  const CalibrationTable table = sample_table();
  const std::string text = to_json(table);
  CHECK(parse_calibration_table(text, "t.json") == table);
  CHECK(to_json(parse_calibration_table(text, "t.json")) == text);
  CalibrationTable bare;
  bare.ranges["x"] = {-1, 1, -1, 1, ""};
  CHECK(parse_calibration_table(to_json(bare), "t.json") == bare);
}

TEST_CASE("rows written by hand need a name, min and max only", "[quant]") {
  const auto t = parse_calibration_table(with_row(R"({"name": "x", "min": -3, "max": 5e-1})"), "t.json");
  CHECK(t.ranges.at("x") == TensorRange{-3, 0.5f, -3, 0.5f, ""});
  CHECK_FALSE(t.preprocess);
}

TEST_CASE("malformed tables are refused with the place", "[quant]") {
  CHECK(message_of("  \n") == "calibration table `t.json`: it is empty");
  CHECK(message_of("{") == "calibration table `t.json`: no JSON at byte 2");
  CHECK(message_of(R"({"schema": "x/1"})") == "calibration table `t.json`: `schema` is not \"tpuc-calibration/1\"");
  CHECK(message_of(with_row(R"({"name": "x", "min": 1, "max": 0})")) ==
        "calibration table `t.json`: tensors[0]: min 1 is above max 0");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": 1, "precision": "int8"})")) ==
        "calibration table `t.json`: tensors[0]: precision `int8` is not one of f16, bf16, f32");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": 1, "float": "f64"})")) ==
        "calibration table `t.json`: tensors[0]: float `f64` is not one of f16, bf16, f32");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": 1, "scales": [1, 0]})")) ==
        "calibration table `t.json`: tensors[0]: `scales` must be positive");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": 1e39})")) ==
        "calibration table `t.json`: tensors[0]: `max` is not a number of at most 1e+38");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": null})")) ==
        "calibration table `t.json`: tensors[0]: `max` is not a number of at most 1e+38");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": 1e999})")) == "calibration table `t.json`: no JSON");
  CHECK(message_of(with_row(R"({"name": "", "min": 0, "max": 1})")) ==
        "calibration table `t.json`: tensors[0]: `name` is empty or longer than 4096 bytes");
  CHECK(message_of(with_row(R"({"name": "x", "low": 0, "max": 1})")) ==
        "calibration table `t.json`: tensors[0]: key `low` is not known");
  CHECK(message_of(with_row(R"({"name": "x", "min": 0, "max": 1}, {"name": "x", "min": 0, "max": 1})")) ==
        "calibration table `t.json`: tensors[1]: `x` has a row already");
  CHECK(message_of(R"({"schema": "tpuc-calibration/1"})") == "calibration table `t.json`: `tensors` is missing");
  CHECK(message_of("{" + std::string(1000, '[')) == "calibration table `t.json`: no JSON at byte 2");
  CHECK(message_of(R"({"schema": )" + std::string(1000, '[')) == "calibration table `t.json`: nested deeper than 5");
}

TEST_CASE("every prefix of a table is refused, and none of its damaged copies gets through unseen", "[quant]") {
  std::string text = to_json(sample_table());
  while (text.back() != '}') text.pop_back();
  for (size_t n = 0; n < text.size(); ++n) REQUIRE(message_of(text.substr(0, n)) != "accepted");
  for (size_t n = 0; n < text.size(); ++n) {
    std::string damaged = text;
    damaged[n] = static_cast<char>(n * 37 + 11);
    message_of(damaged);  // E3030 or accepted, nothing else
  }
}

TEST_CASE("tpu-mlir's tables are read", "[quant]") {
  const std::string text =
      "# sample number: 100\n###\n# op_name    threshold    min    max\n"
      "images 1.0000080 0.0000000 1.0000080\n"
      "122_Conv 2.5 -3.5 2.0\r\n"
      "123_Relu 4 0 3\n"
      "124_Add 4 -1 -3e-1\n"
      "\n#int4_th\n122_Conv 1.5\n";
  const CalibrationTable t = parse_calibration_table(text, "cali_table");
  CHECK(t.ranges.at("images") == TensorRange{0, 1.000008f, 0, 1.000008f, ""});
  CHECK(t.ranges.at("122_Conv") == TensorRange{-2.5f, 2, -3.5f, 2, ""});  // clipped by the threshold
  CHECK(t.ranges.at("122") == t.ranges.at("122_Conv"));                   // the ONNX tensor's name
  CHECK(t.ranges.at("123") == TensorRange{0, 4, 0, 3, ""});               // a wider threshold holds, too
  CHECK(t.ranges.at("124") == TensorRange{-4, -0.3f, -1, -0.3f, ""});
  const CalibrationTable again = parse_calibration_table(to_peer_text(t), "cali_table");
  REQUIRE(again.ranges.size() == t.ranges.size());
  for (const auto& [name, range] : again.ranges) {
    CHECK(range.min == Approx(t.ranges.at(name).min));
    CHECK(range.max == Approx(t.ranges.at(name).max));
  }
}

TEST_CASE("text that is no table is refused with the line", "[quant]") {
  CHECK(message_of("x 1 0\n") ==
        "calibration table `t.json`: line 1 is not `name threshold min max`, and it is no JSON");
  CHECK(message_of("# only comments\n") == "calibration table `t.json`: it holds no rows");
  CHECK(message_of("x nan 0 1\n") == "calibration table `t.json`: line 1: `nan` is not a number of at most 1e+38");
  CHECK(message_of("x 1 0 inf\n") == "calibration table `t.json`: line 1: `inf` is not a number of at most 1e+38");
  CHECK(message_of("x 1 0 1\ny -1 0 1\n") ==
        "calibration table `t.json`: line 2: the threshold is negative, or min is above max");
  CHECK(message_of("x 1 0 1\nx 1 0 1\n") == "calibration table `t.json`: line 2: `x` has a row already");
}
