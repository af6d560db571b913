// A network of any level, ready to run many times: float graph, lowered graph or bmodel.
#pragma once

#include <memory>
#include <optional>

#include "driver/model.h"
#include "driver/tensors.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/file.h"

namespace tpuc::eval {

class ModelRunner {
 public:
  // `how` is for bmodels.
  ModelRunner(const ModelRequest& request, const ArtifactRun& how);

  const std::vector<ArtifactTensor>& inputs() const { return inputs_; }
  const std::vector<ArtifactTensor>& outputs() const { return outputs_; }
  NamedTensors run(const NamedTensors& inputs);

 private:
  void open_bmodel(const ModelRequest& request);

  std::vector<ArtifactTensor> inputs_, outputs_;
  std::optional<Module> module_;
  const Graph* graph_ = nullptr;  // of module_
  std::optional<Executor> executor_;
  std::optional<MappedFile> file_;
  std::unique_ptr<const Backend> backend_;
  ArtifactRun how_;
};

}  // namespace tpuc::eval
