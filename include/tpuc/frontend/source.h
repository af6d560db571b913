// What an import may be told about a model, and how its format is recognised. Shared by all front ends.
// Where the model comes from is `Source` of tpuc.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/tpuc.h"

namespace tpuc {

struct ImportOptions {
  std::map<std::string, Dims> input_shapes;    // fixes dynamic dimensions; must agree with the static ones
  std::map<std::string, Tensor> input_values;  // inputs that become constants
  // A sample of the inputs: gives shapes to dynamic dimensions, and values to those inputs that decide shapes, axes,
  // bounds or branches (these become constants; others stay inputs).
  std::map<std::string, Tensor> like;
  std::vector<std::string> outputs;               // stop at these tensors; empty: the model's own outputs
  int64_t fold_limit_bytes = int64_t{256} << 20;  // a constant computed at import takes at most this much
};

enum class ModelFormat : uint8_t { Onnx, Tpuir, Bmodel, Darknet, Unknown };
std::string_view to_string(ModelFormat f);
// By the first bytes, never by the file's name.
ModelFormat recognise(std::span<const std::byte> bytes);

// Imports ONNX and graph text. Throws UserError with every problem found; E2002 for formats of later versions.
Module import_model(const Source& source, const ImportOptions& options);

}  // namespace tpuc
