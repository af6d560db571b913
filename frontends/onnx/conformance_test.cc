// The ONNX project's own cases for its operators (Debian: libonnx-testdata), run through the importer and the
// operators' reference evaluation. testdata/conformance.txt lists those that must pass.
#include <onnx/onnx_pb.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_map>

#include "frontends/onnx/tensors.h"
#include "tpuc/frontend/onnx.h"

namespace tpuc::test {

namespace {

const std::filesystem::path kData = "/usr/share/libonnx-testdata/data";

Tensor read_pb(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  onnx::TensorProto proto;
  REQUIRE(proto.ParseFromIstream(&file));
  Source source;
  frontend::TensorReader reader(source);
  const Tensor borrowed = reader.read(proto);
  Tensor t(borrowed.type);
  std::copy(borrowed.bytes().begin(), borrowed.bytes().end(), t.mutable_bytes().begin());
  return t;
}

// Outputs of the graph by name; every operator by its `eval`.
std::map<std::string, Tensor> run(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  std::unordered_map<const Value*, Tensor> values;
  for (const auto& v : graph.inputs()) values[v.get()] = inputs.at(v->name);
  const auto find = [&](const Value* v) {
    return v == nullptr ? nullptr : v->is_constant() ? &v->tensor() : &values.at(v);
  };
  for (const Op& op : graph.ops()) {
    std::vector<const Tensor*> in;
    for (const Value* v : op.in()) in.push_back(find(v));
    auto out = evaluate(op, in);
    for (size_t i = 0; i < out.size(); ++i) values[op.out(i)] = std::move(out[i]);
  }
  std::map<std::string, Tensor> outputs;
  for (const Value* v : graph.outputs()) outputs[v->name] = *find(v);
  return outputs;
}

// What is wrong with a result; empty when it agrees within the tolerance ONNX's own runner uses (rtol 1e-3, atol 1e-6).
std::string differs(const Tensor& got, const Tensor& want) {
  if (got.type != want.type) return to_string(got.type) + " instead of " + to_string(want.type);
  const auto a = got.to_f64(), b = want.to_f64();
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    if (!(std::abs(a[i] - b[i]) <= 1e-6 + 1e-3 * std::abs(b[i]))) return fmt::format("{}: {} not {}", i, a[i], b[i]);
  }
  return {};
}

std::string run_case(const std::filesystem::path& folder) {
  Source source;
  source.path = (folder / "model.onnx").string();
  std::ifstream file(source.path, std::ios::binary);
  onnx::ModelProto model;
  REQUIRE(model.ParseFromIstream(&file));
  ImportOptions options;
  const auto data = folder / "test_data_set_0";
  std::set<std::string> weights;
  for (const auto& t : model.graph().initializer()) weights.insert(t.name());
  int next = 0;
  for (const auto& v : model.graph().input())
    if (weights.count(v.name()) == 0) options.like[v.name()] = read_pb(data / fmt::format("input_{}.pb", next++));
  const Module module = import_onnx(source, options);
  const auto outputs = run(*module.nets.at(0).stages.at(0), options.like);
  for (int i = 0; i < model.graph().output_size(); ++i) {
    const std::string& name = model.graph().output(i).name();
    const std::string problem = differs(outputs.at(name), read_pb(data / fmt::format("output_{}.pb", i)));
    if (!problem.empty()) return name + ": " + problem;
  }
  return {};
}

}  // namespace

TEST_CASE("ONNX's own operator cases", "[onnx][slow]") {
  if (!std::filesystem::exists(kData)) {
    WARN("skipped: " << kData << " is absent (Debian package libonnx-testdata)");
    return;
  }
  std::ifstream list(TPUC_SOURCE_DIR "/frontends/onnx/testdata/conformance.txt");
  REQUIRE(list.good());
  std::string name;
  while (std::getline(list, name)) {
    if (name.empty() || name[0] == '#' || !std::filesystem::exists(kData / name)) continue;
    INFO(name);
    std::string problem;
    try {
      problem = run_case(kData / name);
    } catch (const UserError& e) {
      problem = render(e.diagnostics().at(0));
    }
    CHECK(problem == "");
  }
}

}  // namespace tpuc::test
