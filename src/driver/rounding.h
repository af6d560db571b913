// Where the rounding of F16 or BF16 grows from operator to operator until an output is another one, on a sample: which
// operators must keep F32 so that it is not. Asked before the element types are chosen.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/runtime/compare.h"

namespace tpuc {

struct RoundingRequest {
  DType precision = DType::F16;
  const NamedTensors* sample = nullptr;                      // never null when used
  const NamedTensors* reference = nullptr;                   // the float graph's outputs on it; never null when used
  const std::unordered_map<const Op*, DType>* of = nullptr;  // chosen already: these stay; never null when used
  std::function<bool(const Op&)> may_move;                   // to F32
  std::function<bool(const Op&, DType)> supports;            // by the back end
  Tolerance tolerance;
  unsigned threads = 0;
};

struct RoundingReport {
  Comparison before, after;            // the worst output as asked, and with the operators below in F32
  std::vector<const Op*> keep_in_f32;  // in program order; empty where nothing has to, or nothing helps
  bool holds = true;                   // the tolerance is met (`after` where operators are kept, else `before`)
};
// The operators are a run of the program: the first ones that must keep F32 for the outputs to hold, less those at its
// begin that need not. Twice a bisection, a run of the network each step; one run where F16 is good enough.
RoundingReport find_rounding_losses(const Graph& graph, const RoundingRequest& request);

// "rounding to f16 grows from `a` to `b`: output `y` cosine 0.99, euclidean 0.9; with these in F32 ..."
std::string to_text(const RoundingReport& report, DType precision);

}  // namespace tpuc
