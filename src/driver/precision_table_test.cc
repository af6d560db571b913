// Precision tables: what is read, what is refused, and which row decides.
#include "driver/precision_table.h"

#include <catch2/catch.hpp>

#include "tpuc/ir/text.h"
#include "tpuc/support/check.h"

using namespace tpuc;

namespace {

PrecisionTable table(const std::string& layers) {
  return parse_precision_table(R"({"schema": "tpuc-precision/1", "layers": [)" + layers + "]}", "t.json");
}

std::string message_of(const std::string& text) {
  try {
    parse_precision_table(text, "t.json");
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

constexpr const char* kGraph =
    "graph @g(%x: f32[2]) -> (%y) {\n"
    "  %enc0 = relu(%x) : f32[2] loc(\"enc/0\")\n"
    "  %enc1 = sigmoid(%enc0) : f32[2] loc(\"enc/1\", \"enc/2\")\n"
    "  %y = tanh(%enc1) : f32[2] loc(\"head\")\n"
    "}\n";

// The precision of each operator of the graph: "f16 - f32".
std::string resolved(const PrecisionTable& t) {
  const Module module = parse_module(kGraph);
  const Graph& graph = *module.nets.front().stages.front();
  const LayerPrecisions layers(t, graph);
  std::string out;
  for (const Op& op : graph.ops()) {
    const std::optional<DType> p = layers.of(op);
    out += (out.empty() ? "" : " ") + (p ? std::string(to_string(*p)) : "-");
  }
  return out;
}

}  // namespace

TEST_CASE("wildcards stand for any characters or for one", "[precision]") {
  CHECK(matches_pattern("*", ""));
  CHECK(matches_pattern("a*c*e", "abcde"));
  CHECK(matches_pattern("a?c", "abc"));
  CHECK(matches_pattern("*bc", "abcbc"));
  CHECK_FALSE(matches_pattern("a?c", "ac"));
  CHECK_FALSE(matches_pattern("a*d", "abc"));
  CHECK_FALSE(matches_pattern("", "a"));
}

TEST_CASE("rows name tensors or nodes, and the last one decides", "[precision]") {
  CHECK(resolved(table("")) == "- - -");
  CHECK(resolved(table(R"({"name": "enc0", "precision": "f32"})")) == "f32 - -");
  CHECK(resolved(table(R"({"name": "enc/2", "precision": "bf16"})")) == "- bf16 -");
  CHECK(resolved(table(R"({"name": "*", "precision": "f32"}, {"name": "enc/*", "precision": "f16"})")) ==
        "f16 f16 f32");
  CHECK(resolved(table(R"({"name": "y", "precision": "f16"}, {"name": "y", "precision": "f32"})")) == "- - f32");
}

TEST_CASE("rows that name nothing are all listed", "[precision]") {
  try {
    resolved(table(R"({"name": "enc9", "precision": "f32"}, {"name": "dec*", "precision": "f32"})"));
    FAIL();
  } catch (const UserError& e) {
    REQUIRE(e.diagnostics().size() == 2);
    CHECK(e.diagnostics()[0].message == "layers[0]: no tensor or node is called `enc9`");
    CHECK(e.diagnostics()[0].notes.at(0).second == "did you mean `enc0`?");
    CHECK(e.diagnostics()[1].message == "layers[1]: no tensor or node matches `dec*`");
  }
}

TEST_CASE("what is no table is refused with its place", "[precision]") {
  CHECK(message_of("{\"schema\": ") == "precision table `t.json`: no JSON at byte 12");
  CHECK(message_of("[]") == "precision table `t.json`: not an object");
  CHECK(message_of("{}") == "precision table `t.json`: `schema` is not \"tpuc-precision/1\"");
  CHECK(message_of("{\"schema\": \"tpuc-precision/2\"}") ==
        "precision table `t.json`: `schema` is not \"tpuc-precision/1\"");
  const std::string head = R"({"schema": "tpuc-precision/1", )";
  CHECK(message_of(head + R"("layer": []})") == "precision table `t.json`: key `layer` is not known");
  CHECK(message_of(head + R"("layers": 1})") == "precision table `t.json`: `layers` is not a list");
  CHECK(message_of(head + R"("layers": [1]})") == "precision table `t.json`: layers[0] is not an object");
  CHECK(message_of(head + R"("layers": [{"name": 1}]})") == "precision table `t.json`: layers[0] has no string `name`");
  CHECK(message_of(head + R"("layers": [{"name": "x", "precision": "f8"}]})") ==
        "precision table `t.json`: layers[0]: precision `f8` is not one of " + std::string(kPrecisionNames));
  CHECK(message_of(std::string(100'000, '[')) == "precision table `t.json`: nested deeper than 4");
}

TEST_CASE("a row is valid JSON whatever the name", "[precision]") {
  CHECK(precision_row("a\"b", DType::F32) == R"({"name": "a\"b", "precision": "f32"})");
}

TEST_CASE("tables of lines are read and written", "[precision]") {
  const PrecisionTable t =
      parse_precision_table("# op_name   quantize_mode\r\n\n enc0 F16\r\nenc*\tint8\ny  W4BF16", "q");
  REQUIRE(t.rows.size() == 3);
  CHECK(t.rows[0].name == "enc0");
  CHECK(t.rows[1].precision == DType::I8);
  CHECK(t.rows[2].precision == DType::BF16);
  CHECK(t.rows[2].weight_bits == 4);
  CHECK(to_peer_text(t) == "# op_name   quantize_mode\nenc0 F16\nenc* INT8\ny W4BF16\n");
  CHECK(resolved(t) == "i8 i8 bf16");
  CHECK(parse_precision_table("", "q").rows.empty());
  CHECK(resolved(parse_precision_table("enc0_Relu F32\ny_Tanh F16", "q")) == "f32 - f16");  // the peer's own names
  CHECK_THROWS_AS(resolved(parse_precision_table("enc7_Relu F32", "q")), UserError);
  CHECK(precision_name(table(R"({"name": "y", "precision": "w8f16"})").rows.at(0)) == "w8f16");
}

TEST_CASE("a line that is none is told with its number", "[precision]") {
  CHECK(message_of("a F32\n\nlonely\n").find("line 3: `lonely` is one word") != std::string::npos);
  CHECK(message_of("# x\nb F8").find("line 2: precision `F8` is not one of F32, F16, BF16, INT8") != std::string::npos);
  CHECK(message_of("b W8F32").find("line 1") != std::string::npos);
  CHECK(message_of(std::string(5000, 'a') + " F32").find("longer than 4096") != std::string::npos);
}
