// What a bmodel that cannot be run answers: numbered errors, before any command is executed.
#include <catch2/catch.hpp>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "tpuc/backend/backend.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

// One net of one stage with input x: f32[1,4]; its only sub-net holds no commands.
std::vector<std::byte> sample(const std::string& chip) {
  bmodel::Stage stage;
  stage.context_bytes = bmodel::kPageBytes;
  stage.inputs = {{"x", bmodel::DataType::F32, {1, 4}, stage.context_addr, 16}};
  stage.outputs = {{"y", bmodel::DataType::F32, {1, 4}, stage.context_addr + 64, 16}};
  bmodel::SubNet sub;
  sub.inputs = stage.inputs;
  sub.outputs = stage.outputs;
  stage.sub_nets = {sub};
  bmodel::Model model;
  model.chip = chip;
  model.nets.push_back({"net", 0, {stage}});
  return bmodel::write(model);
}

int code_of_run(const std::vector<std::byte>& file, const std::string& net, int stage, const std::string& input) {
  ArtifactRun how;
  how.net = net;
  how.stage = stage;
  try {
    make_bm1684x_backend()->run(file, {{input, Tensor(DType::F32, {1, 4})}}, how);
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().front().code);
  }
  return 0;
}

TEST_CASE("bmodel: a net or stage that is not there is E6004", "[bmodel]") {
  CHECK(code_of_run(sample("BM1684X"), "other", 0, "x") == static_cast<int>(ErrorCode::E6004));
  CHECK(code_of_run(sample("BM1684X"), "net", 3, "x") == static_cast<int>(ErrorCode::E6004));
}

TEST_CASE("bmodel: a missing input is E6005", "[bmodel]") {
  CHECK(code_of_run(sample("BM1684X"), "net", 0, "z") == static_cast<int>(ErrorCode::E6005));
}

TEST_CASE("bmodel: another chip's commands are not run, E6002", "[bmodel]") {
  CHECK(code_of_run(sample("BM1690"), "net", 0, "x") == static_cast<int>(ErrorCode::E6002));
}

}  // namespace
}  // namespace tpuc::bm1684x
