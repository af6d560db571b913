// One step of a recurrent layer: what recurrent_import.cc repeats for every element of the sequence. B batch, H hidden.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

// An activation of a cell with its parameters.
struct CellFunction {
  std::string name;  // lower case
  float alpha = 0, beta = 0;
  bool operator==(const CellFunction&) const = default;
};
Value* apply(Builder& b, const CellFunction& f, Value* x);

// The node's activations, direction after direction; `usual` where it names none. E1024 for what ONNX does not know.
std::vector<CellFunction> cell_functions(const NodeView& n, size_t directions, std::span<const std::string_view> usual);

// What all steps of one direction share.
struct RecurrentLayer {
  int64_t hidden = 0;
  std::vector<CellFunction> functions;
  Value* weight = nullptr;  // R [gates*H, H]
  Value* bias = nullptr;    // Rb [gates*H], where it is not part of the step's input
  Value *peep_i = nullptr, *peep_o = nullptr, *peep_f = nullptr;  // [H] each, or none
  std::optional<float> clip;                                      // bounds what goes into an activation
  bool input_forget = false;                                      // forget = 1 - input
  bool linear_before_reset = false;
};

// [B,H] each; null stands for zeros.
struct CellState {
  Value *h = nullptr, *c = nullptr;
};

// `x` [B,gates*H]: this step's input times W, with biases. New values are named `name` and a suffix.
using CellStep = CellState (*)(Builder& b, const RecurrentLayer& layer, Value* x, const CellState& before,
                               const std::string& name);
CellState lstm_step(Builder& b, const RecurrentLayer& layer, Value* x, const CellState& before,
                    const std::string& name);
CellState gru_step(Builder& b, const RecurrentLayer& layer, Value* x, const CellState& before, const std::string& name);
CellState rnn_step(Builder& b, const RecurrentLayer& layer, Value* x, const CellState& before, const std::string& name);

// Elements [begin, begin + count) of an axis.
Value* part_along(Builder& b, Value* x, size_t axis, int64_t begin, int64_t count);

}  // namespace tpuc::ops
