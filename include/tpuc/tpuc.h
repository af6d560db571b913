// The embedding API: compile, check, run and estimate in memory. Std types only; no exception crosses it, nothing is
// printed, nothing exits: every call answers with a value or with numbered diagnostics (status.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/status.h"
#include "tpuc/version.h"

namespace tpuc {

using Bytes = std::vector<std::byte>;

// A dense array, row-major, little-endian. `dtype` is spelled as in graph text: "f32", "f16", "bf16" (two bytes an
// element), "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f64", "bool".
struct Array {
  std::string dtype = "f32";
  std::vector<int64_t> shape;
  Bytes data;
};
using Arrays = std::map<std::string, Array>;  // by tensor name
using Shapes = std::map<std::string, std::vector<int64_t>>;

enum class Precision : uint8_t { F32, F16, Bf16, Int8 };
enum class Io : uint8_t { F32, Native };

struct Options {
  std::string chip = "bm1684x";
  Precision precision = Precision::F16;
  Io io = Io::F32;                   // float inputs and outputs: f32, or the types that the network computes with
  Shapes input_shapes;               // fixes dynamic dimensions
  Arrays input_values;               // turns inputs into constants
  Arrays like;                       // a sample: input shapes, and values of the inputs that decide shapes
  std::vector<std::string> outputs;  // stop at these tensors; empty: the model's outputs
  std::string calibration;           // a table of ranges that int8 needs, as `tpuc calibrate` writes it
  bool asymmetric = false;           // int8 activations with zero points
  std::string precision_table;       // a JSON file: precision of single layers
  bool strict_precision = false;     // keep F16 even where `like` leaves its range
  std::string dump_dir;              // graph text and JSON after every pass
  unsigned threads = 0;              // 0: all cores; never changes the bytes
};

// A model: a file, or bytes in memory. `external_data` delivers tensors that ONNX keeps in other files, by their
// location; without it they are looked for beside `path`.
struct Source {
  std::string path;
  std::span<const std::byte> bytes;
  std::function<Bytes(std::string_view)> external_data;
};

struct Artifact {
  Bytes bytes;
  std::vector<Diagnostic> warnings;
};
Result<Artifact> compile(const Source& source, const Options& options = {});

// One node of the foreign model, or one operator of the graph made from it.
struct NodeReport {
  std::string name, op;
  bool supported = true;
  std::string precisions;  // "f32 f16 bf16": where it runs on the chip; "f16*": there in another type, between casts
  std::string note;        // what it becomes, or why it is refused
};
struct CheckReport {
  bool supported = true;
  std::vector<NodeReport> nodes;
  std::vector<Diagnostic> problems;  // all of them at once
};
Result<CheckReport> check(const Source& source, const Options& options = {});

struct RunOptions {
  bool all_tensors = false;  // intermediate tensors too
  bool raw = false;          // no conversion of values at the border of quantized networks
};
// Any level: ONNX and graph text by the host executor, bmodels by the instruction simulator.
struct RunResult {
  Arrays tensors;
  std::vector<Diagnostic> warnings;
};
Result<RunResult> run(const Source& source, const Arrays& inputs, const Options& options = {},
                      const RunOptions& how = {});

// Predicted time of a compiled network, by the cycle model of the chip's documents.
struct Estimate {
  int64_t total_cycles = 0, tiu_cycles = 0, gdma_cycles = 0;
  double milliseconds = 0;
};
Result<Estimate> estimate(std::span<const std::byte> artifact);

}  // namespace tpuc
