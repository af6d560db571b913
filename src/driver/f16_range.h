// Which tensors leave F16's range on a sample in a way that changes a result. Asked before the element types are
// chosen: such tensors then keep F32.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

// One tensor that F16 cannot hold.
struct RangeLoss {
  std::string tensor;
  bool overflows = false;  // else it underflows
  double value = 0;        // the largest finite magnitude, or the smallest that is not zero
  std::string reader;      // the operator whose result changes; "output" where the network returns the tensor
};
struct RangeReport {
  std::vector<RangeLoss> losses;              // in program order
  std::unordered_set<const Op*> keep_in_f32;  // the operators that write or read them
  NamedTensors outputs;                       // of the float graph on the sample
};

// Runs the float graph on the sample. An operator that reads a tensor out of range is computed once more with what F16
// would have made of it; where its result stays the same (a mask's -1e9 before a softmax), nothing is lost there.
//   is_f16: whether the operator is to compute in F16
RangeReport find_range_losses(const Graph& graph, const NamedTensors& sample,
                              const std::function<bool(const Op&)>& is_f16, unsigned threads);

// "tensor `x` overflows f16 before exp: 1e+06"
std::string to_text(const RangeLoss& loss);

}  // namespace tpuc
