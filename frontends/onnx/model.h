// An ONNX model in plain structs: what is left of the protobuf message after reading. Tensors are already ours.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tpuc/frontend/node_view.h"

namespace tpuc::frontend {

struct GraphRecord;

struct NodeRecord {
  std::string name, op, domain;  // the standard domain is ""; an unnamed node is called by its first output
  std::vector<std::string> inputs, outputs;
  std::map<std::string, NodeAttr, std::less<>> attrs;
  std::map<std::string, std::unique_ptr<GraphRecord>, std::less<>> subgraphs;
  std::vector<Diagnostic> problems;  // attributes that could not be read
  size_t index = 0;                  // in the file's order
};

struct DimRecord {
  int64_t size = -1;   // -1: not fixed in the file
  std::string symbol;  // its name there, if any
};

struct ValueRecord {
  std::string name;
  int64_t type_code = 0;   // TensorProto.DataType
  bool is_tensor = false;  // else a sequence, map, ...
  bool has_shape = false;
  std::vector<DimRecord> dims;
};

// `problem` is told only when somebody uses the tensor.
struct InitializerRecord {
  Tensor tensor;
  std::vector<Diagnostic> problem;
};

struct GraphRecord {
  std::string name;
  std::vector<NodeRecord> nodes;
  std::map<std::string, InitializerRecord> initializers;
  std::vector<ValueRecord> inputs, outputs;
  std::vector<std::string> doubled;  // names of initializers that occur twice
};

struct ModelRecord {
  std::string file;  // without folders, for messages
  GraphRecord graph;
  std::map<std::string, int> opsets;  // by domain
  std::set<std::string> functions;    // "domain.name" of the model's own functions
  std::vector<std::any> keep_alive;   // memory that tensors borrow
};

}  // namespace tpuc::frontend
