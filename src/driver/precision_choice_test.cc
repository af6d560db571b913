// The sample and the table together, through the lowered graph: what keeps F32, what is told, and that the rows of the
// message do what it says.
#include "driver/precision_choice.h"

#include <catch2/catch.hpp>

#include "driver/pipeline.h"
#include "tpuc/ir/text.h"

using namespace tpuc;

namespace {

constexpr const char* kGraph =
    "graph @g(%x: f32[1,4]) -> (%y) {\n"
    "  %a = relu(%x) : f32[1,4]\n"
    "  %large = mul(%a, %a) : f32[1,4]\n"
    "  %b = sqrt(%large) : f32[1,4]\n"
    "  %y = neg(%b) : f32[1,4]\n"
    "}\n";

ModelRequest request_of(const std::string& text, float x) {
  ModelRequest request;
  request.source.bytes = std::as_bytes(std::span(text));
  const std::vector<float> values(4, x);
  request.import.like.emplace("x", Tensor::from_f32({1, 4}, values));
  return request;
}

Prepared lower(float x, const CompileOptions& options) {
  const std::string text = kGraph;
  PhaseClock clock;
  return prepare_lowered(request_of(text, x), options, *make_backend("bm1684x"), clock);
}

// The element types of the operators but casts: "f16 f32 f32 f16".
std::string types(const Prepared& lowered) {
  std::string out;
  for (const Op& op : lowered.module.nets.front().stages.front()->ops())
    if (op.name() != "cast") out += (out.empty() ? "" : " ") + std::string(to_string(op.out(0)->type.dtype));
  return out;
}

}  // namespace

TEST_CASE("what overflows on the sample keeps F32, and nothing else does", "[f16]") {
  const Prepared safe = lower(1000, {});
  CHECK(types(safe) == "f16 f32 f32 f16");
  REQUIRE(safe.precision_notes.size() == 2);
  CHECK(safe.precision_notes[0] == "kept in F32: 1 tensor out of f16's range on the sample (2 of 4 operators)");
  CHECK(safe.precision_notes[1] == "kept in F32: tensor `large` overflows f16 (largest 1e+06) before sqrt");
  CHECK_FALSE(safe.opt_range_loss);
  CHECK(types(lower(2, {})) == "f16 f16 f16 f16");
}

TEST_CASE("strict precision keeps F16 and names the rows that would help", "[f16]") {
  CompileOptions options;
  options.strict_precision = true;
  const Prepared strict = lower(1000, options);
  CHECK(types(strict) == "f16 f16 f16 f16");
  REQUIRE(strict.opt_range_loss);
  std::string rows;
  for (const auto& [key, text] : strict.opt_range_loss->notes)
    if (key == "table") rows += (rows.empty() ? "" : ", ") + text;
  options.precision_table =
      parse_precision_table(R"({"schema": "tpuc-precision/1", "layers": [)" + rows + "]}", "t.json");
  const Prepared helped = lower(1000, options);
  CHECK(types(helped) == "f16 f32 f32 f16");
  CHECK_FALSE(helped.opt_range_loss);
}

TEST_CASE("a row of the table is not overruled by the sample", "[f16]") {
  CompileOptions options;
  options.precision_table.rows = {{"*", DType::F16}, {"y", DType::BF16}};
  const Prepared lowered = lower(1000, options);
  CHECK(types(lowered) == "f16 f16 f16 bf16");
  REQUIRE(lowered.precision_notes.size() == 1);
  CHECK(lowered.precision_notes[0].starts_with("the precision table has 2 operators in f16"));
}

TEST_CASE("without a sample of all inputs nothing is looked at", "[f16]") {
  const std::string text = kGraph;
  ModelRequest request = request_of(text, 1000);
  request.import.like.clear();
  PhaseClock clock;
  const Prepared plain = prepare_lowered(request, {}, *make_backend("bm1684x"), clock);
  CHECK(types(plain) == "f16 f16 f16 f16");
  CHECK(plain.precision_notes.empty());
}
