// Runs a stage on the chip vendor's functional model: a shared library of the user's own, loaded at run time in a child
// process, since it ends the process on commands that it refuses. Nothing of it is part of tpuc.
#pragma once

#include <string>

#include "backends/bm1684x/sim/simulator.h"

namespace tpuc::bm1684x {

struct VendorOptions {
  std::string library;  // path of the shared library
  Order order = Order::Tiu;
  uint64_t seed = 1;
  double timeout_seconds = 1800;
};

// The same inputs and outputs as simulate(). throws UserError E6006 naming the command on which the library stopped.
SimResult run_on_vendor_library(const bmodel::Net& net, size_t stage, const SimInputs& inputs,
                                const VendorOptions& options);

}  // namespace tpuc::bm1684x
