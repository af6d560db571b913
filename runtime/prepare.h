// Turns one op into a kernel: its fast version where that applies, else its reference evaluation.
#pragma once

#include <deque>
#include <unordered_map>

#include "runtime/fast/fast.h"
#include "runtime/layouts.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

struct PreparedOp {
  fast::Kernel kernel;
  bool needs_zeroed = false;  // `eval` finds its outputs zeroed
  OpLayouts layouts{};        // `in` is empty where all is RowMajor
};

// Constants in another type, each once, however many kernels read it.
struct KeptConstants {
  std::deque<Tensor> wide;
  std::unordered_map<const Tensor*, const Tensor*> wide_of;
};

// `kept` receives constants the kernel needs in another type; it must outlive the kernel. Without `opt_layouts` all
// tensors are RowMajor.
PreparedOp prepare_op(const Op& op, bool reference, KeptConstants& kept, Layouts* opt_layouts = nullptr);

}  // namespace tpuc
