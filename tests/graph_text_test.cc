// The text form: every kind of error with its place, exact numbers, and limits for hostile input.
#include <catch2/catch.hpp>
#include <cmath>

#include "tpuc/ir/equal.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

// All messages of a text that must be refused, with their codes.
std::string errors(const std::string& text) {
  try {
    parse_module(text);
  } catch (const UserError& e) {
    std::string all;
    for (const Diagnostic& d : e.diagnostics()) all += fmt::format("E{} {}\n", static_cast<int>(d.code), d.message);
    return all;
  }
  return "none";
}

std::string in_graph(const std::string& body) {
  return "graph @g(%x: f32[2]) -> (%y) {\n" + body + "\n  %y = relu(%x) : f32[2]\n}\n";
}

TEST_CASE("errors say where and what", "[ir]") {
  CHECK(errors("") == "E1101 graph: the text holds no graph\n");
  CHECK(errors("net") == "E1101 graph:1:1: expected `graph`, got `net`\n");
  CHECK(errors("graph @g(%x f32[2]) -> () {\n}\n") == "E1101 graph:1:13: expected `:`, got `f32`\n");
  CHECK(errors("graph @g() -> (%y) {\n}\n") == "E1102 graph:1:16: %y is not defined above\n");
  CHECK(errors("graph @g() -> () {\n") == "E1101 graph:2:1: expected `}`, got the end of the text\n");
  CHECK(errors(in_graph("  %a = frelu(%x) : f32[2]")) == "E1102 graph:2:8: no operator is called `frelu`\n");
  CHECK(errors(in_graph("  %a = relu(%z) : f32[2]")) == "E1102 graph:2:13: %z is not defined above\n");
  CHECK(errors(in_graph("  %x = relu(%x) : f32[2]")) == "E1102 graph:2:3: %x is defined twice\n");
  CHECK(errors(in_graph("  %a = relu(%x) : f33[2]")) == "E1101 graph:2:19: `f33` is no element type\n");
  CHECK(errors(in_graph("  %a = relu(%x) : f32[3]")) == "E1103 graph:2:8: relu gives f32[2], the text says f32[3]\n");
  CHECK(errors(in_graph("  %a, %b = relu(%x) : f32[2]")) ==
        "E1103 graph:2:12: relu has 1 results, the text names 2 with 1 types\n");
  CHECK(errors(in_graph("  %a = relu(%x, %x) : f32[2]")) == "E1105 relu: 2 inputs, expected 1\n");
  CHECK(errors(in_graph("  %a = clip(%x) {low=1.0} : f32[2]")) == "E1102 graph:2:18: clip has no attribute `low`\n");
  CHECK(errors(in_graph("  %a = clip(%x) {min=[1]} : f32[2]")) == "E1101 graph:2:22: `[1]` is no value for clip.min\n");
  CHECK(errors(in_graph("  %a = const [1, 2, 3] : f32[2]")) ==
        "E1103 graph:3:3: f32[2] has 2 elements, the text gives 3\n");
  CHECK(errors(in_graph("  %a = const [1, 300] : u8[2]")) == "E1103 graph:2:18: `300` is no u8\n");
  CHECK(errors(in_graph("  %a = const #00 : f32[20]")) == "E1102 graph:2:14: constant #00 is not in the .npz\n");
}

TEST_CASE("all errors come at once, and one mistake gives one message", "[ir]") {
  CHECK(errors(in_graph("  %a = frelu(%x) : f32[2]\n  %b = relu(%a) : f32[2]\n  %c = relu(%q) : f32[2]\n  ???")) ==
        "E1102 graph:2:8: no operator is called `frelu`\nE1102 graph:4:13: %q is not defined above\n"
        "E1101 graph:5:3: expected a statement, `%name = ...`, or `}`, got `?`\n");
}

TEST_CASE("sizes are limited", "[ir]") {
  CHECK(errors("graph @g(%x: f32[1048576,1048576,1048576]) -> () {\n}\n").starts_with("E1104 graph:1:14"));
  CHECK(errors("graph @g(%x: f32[-1]) -> () {\n}\n").starts_with("E1104"));
  CHECK(errors("graph @g(%x: f32[99999999999999999999]) -> () {\n}\n").starts_with("E1101"));
  CHECK(errors(in_graph("  %a = expand(%x) {shape=[1099511627776,2]} : f32[2]")).starts_with("E1106"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "  %a = oops(%x) : f32[2]\n";
  const std::string all = errors(in_graph(many));
  CHECK(std::count(all.begin(), all.end(), '\n') == 20);
}

TEST_CASE("numbers survive exactly", "[ir]") {
  const std::string text =
      "graph @g(%x: f32[2]) -> (%y, %a, %b, %c, %d, %e, %f) {\n"
      "  %y = leaky_relu(%x) {alpha=0.1f} : f32[2]\n"
      "  %a = const [0.1, -0, inf, 0x7fc00001, 1e-45] : f32[5]\n"
      "  %b = const [0.333251953125, 6e-08] : f16[2]\n"
      "  %c = const [-9223372036854775808, 9223372036854775807] : i64[2]\n"
      "  %d = const 18446744073709551615 : u64[]\n"
      "  %e = const [true, false] : bool[2]\n"
      "  %f = const [-8, 7, 1] : i4[3]<scale=[0.5], zero=[1]>\n"
      "}\n";
  const Module m = parse_module(text);
  const Graph& g = *m.nets[0].stages[0];
  CHECK(std::signbit(g.find("a")->tensor().as<float>()[1]));
  CHECK(g.find("a")->tensor().as<uint32_t>()[3] == 0x7fc00001);
  CHECK(g.find("b")->tensor().as<uint16_t>()[1] == 1);
  CHECK(g.find("f")->type.quant->zero == std::vector<int32_t>{1});
  CHECK(difference(m, parse_module(print(m))) == "");
}

TEST_CASE("large constants stay outside of the text", "[ir]") {
  Module m = parse_module("graph @g(%x: f32[20]) -> (%y) {\n  %y = relu(%x) : f32[20]\n}\n");
  Graph& g = *m.nets[0].stages[0];
  const std::vector<float> values(20, 1.5f);
  Value* c = g.constant(Tensor::from_f32({20}, values), "c");
  const OpDef* add = find_op("add");
  g.set_outputs({g.add_op(*add, add->default_attrs(), {g.inputs()[0].get(), c}, "z").out(0)});
  const std::string text = print(m);
  CHECK(text.find("const #" + constant_key(c->data->hash)) != std::string::npos);
  CHECK_THROWS_AS(parse_module(text), UserError);
  CHECK(difference(m, parse_module(text, text_weights(m))) == "");
}

TEST_CASE("place, alias, stages and absent inputs are printed and read", "[ir]") {
  const std::string text =
      "graph @net(%x: f32[1,2,1,1], %cache: f32[1,2,1,1]) -> (%y) {\n"
      "  %w = const [1, 2] : f32[2,1,1,1]\n"
      "  %y = conv2d(%x, %w, _) {group=2} : f32[1,2,1,1] place(host) loc(\"a \\\"b\\\"\", \"c\")\n"
      "  alias(%cache, %y)\n"
      "}\n"
      "graph @net(%x: f32[2,2,1,1]) -> (%x) {\n"
      "}\n";
  const Module m = parse_module(text);
  CHECK(m.nets.size() == 1);
  CHECK(m.nets[0].stages.size() == 2);
  CHECK(print(m) == text);
}

}  // namespace
}  // namespace tpuc
