// Where a model comes from, and what an import may be told about it. Shared by all front ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/ir/graph.h"

namespace tpuc {

// A model as a file, or as bytes in memory that live as long as the import runs. `external_data` answers for the files
// that a model in memory refers to; a model on disk finds them beside itself.
struct Source {
  std::string path;
  std::span<const std::byte> bytes;
  std::function<std::vector<std::byte>(std::string_view file)> external_data;
};

struct ImportOptions {
  std::map<std::string, Dims> input_shapes;       // fixes dynamic dimensions; must agree with the static ones
  std::map<std::string, Tensor> input_values;     // inputs that become constants
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
