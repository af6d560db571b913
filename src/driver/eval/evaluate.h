// What a network is worth on labelled samples, or how near it comes to another network: `tpuc eval`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver/dataset.h"
#include "driver/eval/runner.h"

namespace tpuc::eval {

enum class Task : uint8_t { Classification, Detection, Image, Cosine };
Task parse_task(const std::string& text);  // E2001

struct EvalRequest {
  ModelRequest model;
  ArtifactRun how;                        // for bmodels
  std::optional<ModelRequest> reference;  // the truth is what this network says, where there are no labels
  std::string data;
  size_t most_samples = 0;
  Preprocess preprocess;
  Task task = Task::Classification;
  std::string labels;        // classes or boxes: a file; image and cosine: --data's like, with the wanted outputs
  int64_t class_offset = 0;  // class in the network minus class in the labels
  std::string decoder;       // of a detector
  std::function<void(size_t done, size_t total)> on_samples;
};

struct Figure {
  std::string name;
  double value = 0;
};
struct EvalResult {
  std::vector<Figure> figures;  // the first one is the task's metric: more is better
  size_t samples = 0;
  std::optional<std::string> doubt;  // about mean and scale
};
// E3036 where labels or outputs do not suit the task; E2001 where there is nothing to compare with.
EvalResult evaluate(const EvalRequest& request);

}  // namespace tpuc::eval
