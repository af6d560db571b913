// Which operators compute in 8 bits, and how each value between them is held: a decision, no change of the graph.
#pragma once

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "passes/requantize.h"
#include "tpuc/ir/graph.h"
#include "tpuc/pass/quantization.h"

namespace tpuc {

// How an operator is written in integers; operators of no form compute in floats.
enum class Int8Form : uint8_t {
  Convolution,  // sums of products, requantized per output channel; average pools and scales are convolutions too
  MatMul,       // the same for matrices
  Table,        // a unary function
  WeightedSum,  // add, sub
  Product,      // mul of two tensors
  Slopes,       // prelu, leaky_relu
  Softmax,      // from a table of exponentials
  SameScale     // moves, picks or compares elements: result and operands share scale and zero point
};

// The operands that carry real numbers to be held in 8 bits; not filters, biases and indices.
std::vector<Value*> data_operands(const Op& op, Int8Form form);
// The form SameScale: every element of the result is one of the operands' elements.
bool keeps_elements(const Op& op);

// A cast of 8-bit integers to real numbers: they are in 8 bits already, with scale 1.
bool is_cast_of_bytes(const Op* opt_op);

struct QuantizePlan {
  std::unordered_map<const Op*, Int8Form> forms;
  // Results that are held in 8 bits, and what 8-bit operators read. A sum of products that only floats read is not
  // rounded to 8 bits: it has none.
  std::unordered_map<const Value*, QuantParams> params;
  std::unordered_set<const Value*> sums;  // of products, which one operator requantizes in its own ways: they have none
  bool is_stated = false;                 // the network arrives quantized: its integers are to be met
  std::optional<Int8Form> form_of(const Op& op) const;
  const QuantParams* params_of(const Value* v) const;
};

// Convolutions and matrix products compute in 8 bits. Any other operator does where its operands come in 8 bits and one
// that computes in 8 bits reads its result: what precedes the first and follows the last of them keeps its floats.
// Where the border is native, inputs come in 8 bits and outputs are read so.
// What the network itself says about a value (quantize_stated.h) goes before ranges.
QuantizePlan plan_quantization(const Graph& graph, const Quantization& how);

}  // namespace tpuc
