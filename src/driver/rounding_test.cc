// Rounding that an output cannot bear keeps as few operators in F32 as the outputs need; the user's word stands.
#include "driver/rounding.h"

#include <catch2/catch.hpp>

#include "driver/pipeline.h"

using namespace tpuc;

namespace {

// Near 1000 the numbers of F16 are 0.5 apart: of %e's few units little is left.
constexpr const char* kGraph =
    "graph @g(%x: f32[1,8]) -> (%y) {\n"
    "  %large = const [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000] : f32[8]\n"
    "  %a = neg(%x) : f32[1,8]\n"
    "  %b = neg(%a) : f32[1,8]\n"
    "  %c = add(%b, %large) : f32[1,8]\n"
    "  %d = abs(%c) : f32[1,8]\n"
    "  %e = sub(%d, %large) : f32[1,8]\n"
    "  %y = tanh(%e) : f32[1,8]\n"
    "}\n";

Prepared lower(float step, const CompileOptions& options) {
  const std::string text = kGraph;
  ModelRequest request;
  request.source.bytes = std::as_bytes(std::span(text));
  std::vector<float> x(8);
  for (size_t i = 0; i < x.size(); ++i) x[i] = step * static_cast<float>(i + 1);
  request.import.like.emplace("x", Tensor::from_f32({1, 8}, x));
  PhaseClock clock;
  return prepare_lowered(request, options, *make_backend("bm1684x"), clock);
}

DType type_of(const Prepared& lowered, std::string_view op) {
  for (const Op& o : lowered.module.nets.front().stages.front()->ops())
    if (o.name() == op) return o.out(0)->type.dtype;
  FAIL("no " << op);
  return {};
}

}  // namespace

TEST_CASE("what rounding ruins on the sample keeps F32", "[f16]") {
  const Prepared safe = lower(0.1f, {});
  CHECK(type_of(safe, "abs") == DType::F32);
  CHECK(type_of(safe, "tanh") == DType::F16);
  REQUIRE(safe.precision_notes.size() == 1);
  CHECK_THAT(safe.precision_notes[0],
             Catch::StartsWith("kept in F32: rounding to f16 grows on the sample: output `y`"));
}

TEST_CASE("a sample that F16 bears changes nothing", "[f16]") {
  const Prepared plain = lower(100.0f, {});
  CHECK(type_of(plain, "abs") == DType::F16);
  CHECK(plain.precision_notes.empty());
}

TEST_CASE("strict precision names the rows that help against rounding, and they do", "[f16]") {
  CompileOptions options;
  options.strict_precision = true;
  const Prepared strict = lower(0.1f, options);
  REQUIRE(strict.opt_rounding_loss);
  CHECK(strict.opt_rounding_loss->code == ErrorCode::E7001);
  std::string rows;
  for (const auto& [key, text] : strict.opt_rounding_loss->notes)
    if (key == "table") rows += (rows.empty() ? "" : ", ") + text;
  REQUIRE_FALSE(rows.empty());
  options.precision_table =
      parse_precision_table(R"({"schema": "tpuc-precision/1", "layers": [)" + rows + "]}", "t.json");
  const Prepared helped = lower(0.1f, options);
  CHECK(type_of(helped, "abs") == DType::F32);
  CHECK(type_of(helped, "tanh") == DType::F16);
  CHECK_FALSE(helped.opt_rounding_loss);
  options.precision_table = {};
  options.opt_tolerance = Tolerance{0, 0};
  CHECK_FALSE(lower(0.1f, options).opt_rounding_loss);
}

TEST_CASE("strict precision and rows of the table are not overruled by rounding", "[f16]") {
  CompileOptions options;
  options.strict_precision = true;
  CHECK(type_of(lower(0.1f, options), "abs") == DType::F16);
  options.strict_precision = false;
  options.precision_table = parse_precision_table(
      R"({"schema": "tpuc-precision/1", "layers": [{"name": "*", "precision": "f16"}]})", "t.json");
  const Prepared told = lower(0.1f, options);
  CHECK(type_of(told, "abs") == DType::F16);
  REQUIRE(told.precision_notes.size() == 1);
  CHECK_THAT(told.precision_notes[0], Catch::StartsWith("rounding to f16 grows"));
}
