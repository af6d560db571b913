// The importer: names, folding, dynamic shapes, cuts, branches; and every way in which a model can be wrong.
#include <catch2/catch.hpp>

#include "frontends/onnx/model_builder.h"
#include "tpuc/ir/text.h"

namespace tpuc::test {

namespace {

using Codes = std::vector<int>;

// The graph's text; fails the test when there are problems.
std::string import(const ModelBuilder& b, const ImportOptions& options = {}) {
  const OnnxCheck c = b.check(options);
  for (const auto& d : c.problems) UNSCOPED_INFO(render(d));
  REQUIRE(c.problems.empty());
  return print(*c.module.nets.at(0).stages.at(0));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

ModelBuilder relu() { return ModelBuilder().input("x", {1, 4}).node("Relu", {"x"}, {"y"}).output("y"); }

}  // namespace

TEST_CASE("tensors keep their names and nodes their place", "[onnx]") {
  auto b = relu();
  b.last()->set_name("layer/act");
  CHECK(import(b) ==
        "graph @test(%x: f32[1,4]) -> (%y) {\n"
        "  %y = relu(%x) : f32[1,4] loc(\"layer/act\")\n"
        "}\n");
}

TEST_CASE("nodes may stand in any order", "[onnx]") {
  const auto b = ModelBuilder().input("x", {4}).node("Exp", {"a"}, {"y"}).node("Relu", {"x"}, {"a"}).output("y");
  CHECK(contains(import(b), "%y = exp(%a)"));
}

TEST_CASE("shape computations vanish", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {2, 3, 4})
                     .ints("i", {}, {0})
                     .ints("minus", {1}, {-1})
                     .ints("zero", {1}, {0})
                     .node("Shape", {"x"}, {"s"})
                     .node("Gather", {"s", "i"}, {"n"})
                     .node("Unsqueeze", {"n", "zero"}, {"n1"})
                     .node("Concat", {"n1", "minus"}, {"target"})
                     .attr("axis", int64_t{0})
                     .node("Reshape", {"x", "target"}, {"y"})
                     .output("y");
  const OnnxCheck c = b.check();
  REQUIRE(c.problems.empty());
  CHECK(c.module.nets[0].stages[0]->ops().size() == 1);
  CHECK(c.module.nets[0].stages[0]->find("y")->type.dims == Dims{2, 12});
  CHECK(c.nodes[0].verdict == Verdict::Folded);
  CHECK(c.nodes[4].verdict == Verdict::Supported);
}

TEST_CASE("what no output needs is left out", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {4})
                     .input("unused", {-1})
                     .floats("w", {4}, {1, 2, 3, 4})
                     .node("Relu", {"x"}, {"y"})
                     .node("NoSuchOperator", {"x"}, {"z"})
                     .output("y");
  CHECK_FALSE(contains(import(b), "unused"));
  CHECK(b.check().nodes[1].verdict == Verdict::Skipped);
}

TEST_CASE("outputs may be cut, aliased or inputs themselves", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {4})
                     .node("Relu", {"x"}, {"a"})
                     .node("Identity", {"a"}, {"b"})
                     .node("Identity", {"x"}, {"same"})
                     .node("NoSuchOperator", {"b"}, {"z"})
                     .output("z");
  ImportOptions cut;
  cut.outputs = {"b", "a", "same"};
  const OnnxCheck c = b.check(cut);
  REQUIRE(c.problems.empty());
  const auto& outputs = c.module.nets[0].stages[0]->outputs();
  REQUIRE(outputs.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(outputs[i]->name == cut.outputs[i]);
  cut.outputs = {"nowhere"};
  CHECK(b.errors(cut) == Codes{1022});
}

TEST_CASE("a constant result of integers has the type of its data", "[onnx]") {
  const auto b = ModelBuilder()
                     .floats("x", {3}, {0, 1, 2})
                     .floats("scale", {}, {0.5F})
                     .node("QuantizeLinear", {"x", "scale"}, {"y"})
                     .output("y");
  const OnnxCheck c = b.check();
  REQUIRE(c.problems.empty());
  const Value& y = *c.module.nets[0].stages[0]->outputs().at(0);
  REQUIRE(y.is_constant());
  CHECK_FALSE(y.type.quant);
  CHECK(y.type == y.tensor().type);
}

TEST_CASE("open dimensions are asked for by name", "[onnx]") {
  const auto b = ModelBuilder().input("x", {-1, 3}).input("z", {-1, 3}).node("Add", {"x", "z"}, {"y"}).output("y");
  const auto problems = b.check().problems;
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].message == "input `x` [n,3]: dimension 0 (`n`) is not fixed");
  ImportOptions options;
  options.input_shapes["x"] = {5, 3};  // fixes the symbol n, so z too
  CHECK(contains(import(b, options), "%z: f32[5,3]"));
  options.input_shapes["x"] = {5, 4};
  CHECK(b.errors(options) == Codes{1022});
  options.input_shapes = {{"q", {1}}};
  CHECK(b.errors(options) == Codes{1022, 1017, 1017});
  ImportOptions sample;
  sample.like["x"] = Tensor(DType::F32, {7, 3});
  CHECK(contains(import(b, sample), "%y = add(%x, %z) : f32[7,3]"));
}

TEST_CASE("a sample gives values only to inputs that decide", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {4})
                     .input("shape", {2}, 7)
                     .input("bias", {1})
                     .node("Reshape", {"x", "shape"}, {"a"})
                     .node("Add", {"a", "bias"}, {"y"})
                     .output("y");
  const auto problems = b.check().problems;
  REQUIRE(problems.size() == 1);
  CHECK(static_cast<int>(problems[0].code) == 1012);
  CHECK(contains(render(problems[0]), "input `shape`"));
  ImportOptions sample;
  const std::vector<int64_t> shape{2, 2};
  sample.like["shape"] = Tensor::from_i64({2}, shape);
  sample.like["bias"] = Tensor(DType::F32, {1});
  const std::string text = import(b, sample);
  CHECK(contains(text, "%bias: f32[1]"));
  CHECK_FALSE(contains(text, "%shape: i64"));
}

TEST_CASE("a value given for an input takes the input's type and rank", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {2})
                     .input("rate", {}, 7)
                     .node("Cast", {"rate"}, {"r"})
                     .attr("to", int64_t{1})
                     .node("Mul", {"x", "r"}, {"y"})
                     .output("y");
  ImportOptions options;
  const std::vector<float> value{16000};
  options.input_values["rate"] = Tensor::from_f32({1}, value);
  CHECK(contains(import(b, options), "16000"));
  options.input_values["rate"] = Tensor(DType::F32, {2});
  CHECK(b.errors(options) == Codes{1022});
}

TEST_CASE("an If with a known condition becomes its branch", "[onnx]") {
  auto b = ModelBuilder().input("x", {4});
  b.tensor("yes", {}, onnx::TensorProto::BOOL).add_int32_data(1);
  b.node("If", {"yes"}, {"y"}).output("y");
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto* g = b.add_attr(branch, onnx::AttributeProto::GRAPH)->mutable_g();
    auto* n = g->add_node();
    n->set_op_type(std::string(branch) == "then_branch" ? "Relu" : "NoSuchOperator");
    n->add_input("x");
    n->add_output("inner");
    g->add_output()->set_name("inner");
  }
  CHECK(contains(import(b), "relu(%x)"));
  b.graph()->clear_initializer();
  b.input("yes", {}, 9);
  CHECK(b.errors() == Codes{1021});
}

TEST_CASE("all problems are told at once, consequences are not", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {4})
                     .floats("w", {3}, {1, 2, 3})
                     .node("RandomNormalLike", {"x"}, {"n"})
                     .node("Add", {"n", "x"}, {"a"})
                     .node("Add", {"x", "w"}, {"b"})
                     .node("Compress", {"a", "w"}, {"c"})
                     .node("Sum", {"a", "b", "c"}, {"y"})
                     .output("y");
  const OnnxCheck c = b.check();
  Codes codes;
  for (const auto& d : c.problems) codes.push_back(static_cast<int>(d.code));
  CHECK(codes == Codes{1010, 1203, 1010});
  CHECK(contains(render(c.problems[0]), "give the noise as an input or a constant"));
  CHECK(contains(render(c.problems[1]), "node 'b' (model, node 2, op Add, opset 13)"));
  CHECK(c.nodes[1].verdict == Verdict::Skipped);
  CHECK(c.nodes[1].reason == "depends on node 'n'");
  CHECK(c.nodes[3].verdict == Verdict::Refused);
}

TEST_CASE("an operator that is refused many times is told once", "[onnx]") {
  const auto b = ModelBuilder()
                     .input("x", {4})
                     .node("Mystery", {"x"}, {"a"})
                     .node("Mystery", {"a"}, {"b"})
                     .node("Mystery", {"x"}, {"c"})
                     .node("Add", {"b", "c"}, {"y"})
                     .output("y");
  const OnnxCheck c = b.check();
  REQUIRE(c.problems.size() == 1);
  CHECK(contains(render(c.problems[0]), "also    'b', 'c'"));
  CHECK(c.nodes[2].reason == "operator Mystery is not supported");
}

TEST_CASE("wrong wiring", "[onnx]") {
  CHECK(ModelBuilder().input("x", {1}).node("Add", {"x", "ghost"}, {"y"}).output("y").errors() == Codes{1014});
  CHECK(ModelBuilder().input("x", {1}).node("Relu", {"x"}, {"y"}).output("ghost").errors() == Codes{1014});
  CHECK(ModelBuilder().node("Relu", {"b"}, {"a"}).node("Relu", {"a"}, {"b"}).output("a").errors().at(0) == 1015);
  const auto twice = ModelBuilder().input("x", {1}).node("Relu", {"x"}, {"y"}).node("Exp", {"x"}, {"y"}).output("y");
  CHECK(twice.errors() == Codes{1016});
  CHECK(ModelBuilder()
            .input("x", {1})
            .floats("w", {1}, {1})
            .floats("w", {1}, {2})
            .node("Add", {"x", "w"}, {"y"})
            .output("y")
            .errors() == Codes{1016});
  CHECK(ModelBuilder().input("x", {1}).node("Relu", {"x"}, {"y"}).errors() == Codes{1001});
  CHECK(ModelBuilder().input("x", {1}).node("Add", {"x"}, {"y"}).output("y").errors() == Codes{1014});
}

TEST_CASE("wrong versions, attributes and sizes", "[onnx]") {
  CHECK(ModelBuilder("other", 1).errors() == Codes{1011, 1001});
  CHECK(ModelBuilder(0).input("x", {1}).node("Relu", {"x"}, {"y"}).output("y").errors().at(0) == 1011);
  CHECK(ModelBuilder(99).input("x", {1}).node("Relu", {"x"}, {"y"}).output("y").errors() == Codes{1010});
  CHECK(ModelBuilder(9).input("x", {1}).node("Range", {"x", "x", "x"}, {"y"}).output("y").errors() == Codes{1010});
  auto wrong =
      ModelBuilder().input("x", {1, 2}).node("Transpose", {"x"}, {"y"}).attr("perm", std::string("01")).output("y");
  CHECK(wrong.errors() == Codes{1013});
  const auto large =
      ModelBuilder().input("x", {int64_t{1} << 40, int64_t{1} << 40}).node("Relu", {"x"}, {"y"}).output("y");
  CHECK(large.errors() == Codes{1023});
  const auto text = ModelBuilder().input("x", {1}, 8).node("Identity", {"x"}, {"y"}).output("y");
  CHECK(text.errors() == Codes{1020});
}

}  // namespace tpuc::test
