// Runs a network of any level on tensors: graphs by the host executor, bmodels by their back end.
#pragma once

#include <optional>
#include <string>

#include "driver/model.h"
#include "driver/pipeline.h"
#include "driver/tensors.h"

namespace tpuc {

struct RunRequest {
  ModelRequest model;
  // Where the inputs come from: tensors, else a file (.npz, .npy), else random numbers of `seed`.
  std::optional<NamedTensors> given;
  std::string input_path;
  uint64_t seed = 1;
  ArtifactRun how;
};
RunOutcome run_any(const RunRequest& request);

// The graph's outputs; with `all_tensors` the results of every operator too.
NamedTensors execute(const Graph& graph, const NamedTensors& inputs, bool all_tensors, unsigned threads);

}  // namespace tpuc
