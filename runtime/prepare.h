// Turns one op into a kernel: its fast version where that applies, else its reference evaluation.
#pragma once

#include <deque>

#include "runtime/fast/fast.h"
#include "runtime/layouts.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

struct PreparedOp {
  fast::Kernel kernel;
  bool needs_zeroed = false;  // `eval` finds its outputs zeroed
  OpLayouts layouts{};        // `in` is empty where all is RowMajor
};

// `kept` receives constants the kernel needs in another type; it must outlive the kernel. Without `opt_layouts` all
// tensors are RowMajor.
PreparedOp prepare_op(const Op& op, bool reference, std::deque<Tensor>& kept, Layouts* opt_layouts = nullptr);

}  // namespace tpuc
