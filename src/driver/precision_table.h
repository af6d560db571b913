// --precision-table: the precision of single layers, by ONNX tensor or node name.
//   {"schema": "tpuc-precision/1", "layers": [{"name": "encoder/*", "precision": "f32"}, ...]}
// `*` stands for any characters, `?` for one. Of several rows that name a layer the last decides; an operator that was
// made from several layers belongs to all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tpuc/ir/graph.h"

namespace tpuc {

struct PrecisionTable {
  struct Row {
    std::string name;  // or a pattern
    DType precision;   // I8: 8-bit integers, where calibration gives the ranges
  };
  std::vector<Row> rows;
};
// E3020 for text that is no such table. `file` is for the message.
PrecisionTable parse_precision_table(std::string_view text, const std::string& file);
PrecisionTable read_precision_table(const std::string& path);
// As parse_precision_table reads it, a row a line.
std::string to_json(const PrecisionTable& table);
// A row as it would stand in a table: {"name": "x", "precision": "f32"}.
std::string precision_row(const std::string& name, DType precision);

// A table for one graph: resolved against the names it was imported with, since optimisation makes some of them vanish.
class LayerPrecisions {
 public:
  LayerPrecisions() = default;
  // E3021 for every row that names nothing.
  LayerPrecisions(const PrecisionTable& table, const Graph& imported);
  // What the table says of an op of the imported graph or of one made from it.
  std::optional<DType> of(const Op& op) const;

 private:
  void require_all_used(const PrecisionTable& table, const std::vector<bool>& used,
                        const std::vector<std::string>& names) const;

  std::vector<DType> precisions_;                   // by row
  std::unordered_map<std::string, size_t> row_of_;  // name of a tensor or node -> the row that decides
};

// Whether `*` and `?` of the pattern can stand for the rest of the name.
bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace tpuc
