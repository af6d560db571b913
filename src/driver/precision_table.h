// --precision-table: the precision of single layers, by ONNX tensor or node name.
//   {"schema": "tpuc-precision/1", "layers": [{"name": "encoder/*", "precision": "f32"}, ...]}
// or, as tpu-mlir writes its quantization tables, lines `name F32` with comments that begin with #.
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
    std::string name;     // or a pattern
    DType precision;      // I8: 8-bit integers, where calibration gives the ranges
    int weight_bits = 0;  // 8 or 4: constant matrices of products are integers, the products `precision`
  };
  std::vector<Row> rows;
  bool is_peers = false;  // names may end with the operator's type: "conv1_Conv"
};
// E3020 for text that is no such table. `file` is for the message.
PrecisionTable parse_precision_table(std::string_view text, const std::string& file);
PrecisionTable read_precision_table(const std::string& path);
// As parse_precision_table reads it, a row a line.
std::string to_json(const PrecisionTable& table);
std::string to_peer_text(const PrecisionTable& table);
// As they are written in JSON: f32, f16, bf16, int8, w8f16, w4f16, w8bf16, w4bf16. A row of no name; nothing for
// others.
std::optional<PrecisionTable::Row> parse_precision_name(std::string_view text);
std::string precision_name(const PrecisionTable::Row& row);
inline constexpr std::string_view kPrecisionNames = "f32, f16, bf16, int8, w8f16, w4f16, w8bf16, w4bf16";
// Limits of both forms.
inline constexpr size_t kMaxPrecisionRows = 100'000, kMaxPrecisionName = 4096;
// The lines of the peer's form; E3020 with the line's number.
PrecisionTable parse_peer_precisions(std::string_view text, const std::string& file);
// A row as it would stand in a table: {"name": "x", "precision": "f32"}.
std::string precision_row(const std::string& name, DType precision);
// What a row calls an operator: names made by the compiler ("x~mul") are in no model, there the node's.
std::string row_name(const Op& op);

// A table for one graph: resolved against the names it was imported with, since optimisation makes some of them vanish.
class LayerPrecisions {
 public:
  LayerPrecisions() = default;
  // E3021 for every row that names nothing.
  LayerPrecisions(const PrecisionTable& table, const Graph& imported);
  // What the table says of an op of the imported graph or of one made from it.
  std::optional<DType> of(const Op& op) const;
  // 8 or 4 where its constant matrix is to be integers of so many bits; else 0.
  int weight_bits_of(const Op& op) const;

 private:
  std::optional<size_t> row_for(const Op& op) const;
  void require_all_used(const PrecisionTable& table, const std::vector<bool>& used,
                        const std::vector<std::string>& names) const;

  std::vector<PrecisionTable::Row> rows_;
  std::unordered_map<std::string, size_t> row_of_;  // name of a tensor or node -> the row that decides
};

// Whether `*` and `?` of the pattern can stand for the rest of the name.
bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace tpuc
