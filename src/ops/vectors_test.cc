// Operators against values that PyTorch and ONNX's reference code computed (testdata/vectors/make_vectors.py).
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>

#include "tpuc/ir/graph.h"
#include "tpuc/ir/text.h"
#include "tpuc/support/file.h"
#include "tpuc/support/npz.h"

namespace tpuc::ops::test {
namespace {

constexpr double kTolerance = 2e-5;  // absolute and relative: sums of some tens of products in f32

Tensor tensor_of(const NpyArray& array) {
  Tensor t(array.dtype == "<i8" ? DType::I64 : DType::F32, array.shape);
  REQUIRE(t.bytes().size() == array.data.size());
  std::memcpy(t.mutable_bytes().data(), array.data.data(), array.data.size());
  return t;
}

void check_case(const Graph& graph, const std::map<std::string, Tensor>& arrays) {
  INFO(graph.name);
  std::vector<const Tensor*> in;
  for (const auto& v : graph.inputs()) in.push_back(&arrays.at(graph.name + "/" + v->name));
  const Tensor got = evaluate(graph.ops().front(), in).at(0);
  const Tensor& want = arrays.at(graph.name + "/y");
  REQUIRE(got.dims() == want.dims());
  const std::vector<double> g = got.to_f64(), w = want.to_f64();
  double worst = 0;
  for (size_t i = 0; i < g.size(); ++i) worst = std::max(worst, std::abs(g[i] - w[i]) / (1 + std::abs(w[i])));
  CHECK(worst < kTolerance);
}

TEST_CASE("operators give the values of independent implementations", "[op]") {
  const std::string folder = TPUC_SOURCE_DIR "/src/ops/testdata/vectors/";
  std::map<std::string, Tensor> arrays;
  for (const auto& [name, array] : read_npz(folder + "vectors.npz")) arrays.emplace(name, tensor_of(array));
  const Module module = parse_module(read_text_file(folder + "vectors.tpuir"));
  CHECK(print(parse_module(print(module))) == print(module));
  REQUIRE(module.nets.size() >= 79);
  for (const Net& net : module.nets) check_case(*net.stages.front(), arrays);
}

}  // namespace
}  // namespace tpuc::ops::test
