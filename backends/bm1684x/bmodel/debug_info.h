// What a compiler of ours leaves in a stage's `tensor_loc` text (the runtime never reads it): which layer and tile a
// range of commands belongs to, and where tensors lie. Its presence also tells that tpuc wrote the file.
//   {"tpuc": {"version": 1, "layers": [{"name", "op", "tile", "group", "tiu": [[first, last], ...], "gdma": [...]},
//   ...],
//             "tensors": [{"name", "dtype", "shape", "addr", "layer", "axes": [[extent, stride], ...], "first"}, ...],
//             "notes": ["...", ...], "elements": {"f32": n, "f16": n, ...}, "products": {"i8": n, ...},
//             "float_ops": [["name", "op", "f16"], ...], "scalars": ["name", ...]}}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/isa/engine.h"

namespace tpuc::bm1684x::bmodel {

struct IdRange {
  uint32_t first = 0, last = 0;  // both included
};

// One tile of one operator; its loads, computations and stores need not be neighbours.
struct DebugLayer {
  std::string name, op;  // the value's name, the operator's
  int32_t tile = 0;
  uint32_t group = 0;  // command group, counted over all sub_nets of the stage
  std::vector<IdRange> tiu, gdma;
};

// A whole tensor in DDR, complete when the commands of `layer` (all tiles up to that entry) are done.
struct DebugTensor {
  std::string name;
  DataType type = DataType::F32;
  std::vector<uint64_t> shape;
  uint64_t addr = 0;
  uint32_t layer = 0;  // index into layers
  // Where it is not row-major without gaps: (extent, stride in elements) of the axes of the row-major tensor at `addr`,
  // outermost first, of which this one begins at element `first`.
  std::vector<std::pair<uint64_t, uint64_t>> axes{};
  uint64_t first = 0;
};

// An operator that computes in floats, in a network that computes in 8 bits, too.
struct FloatOp {
  std::string name, op, type;  // the value's name, the operator's, "f16"
};

struct DebugInfo {
  std::vector<DebugLayer> layers;
  std::vector<DebugTensor> tensors;
  std::vector<std::string> notes;                          // changes of types at the border, for `tpuc info`
  std::vector<std::pair<std::string, uint64_t>> elements;  // computed elements by precision
  std::vector<std::pair<std::string, uint64_t>> products;  // multiply-adds by precision of the factors
  std::vector<FloatOp> float_ops;
  std::vector<std::string> scalars;  // results of rank 0: the file says [1] of them (BMODEL.md section 3)
};

std::string to_json(const DebugInfo& info);
// Nothing where the text is absent, not ours, or damaged: debug information never stands in the way.
std::optional<DebugInfo> debug_info_from_json(const std::string& text);

// Finds the layer of a command; ranges may come in any order.
class LayerIndex {
 public:
  explicit LayerIndex(const std::optional<DebugInfo>& info);
  // Index into DebugInfo::layers, or -1.
  int32_t find(Engine engine, size_t group, uint32_t id) const;

 private:
  struct Entry {
    size_t group;
    uint32_t first, last;
    int32_t layer;
  };
  std::vector<Entry> entries_[kEngineCount];  // by group, then first id
};

}  // namespace tpuc::bm1684x::bmodel
