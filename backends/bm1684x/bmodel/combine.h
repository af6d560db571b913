// Nets and stages taken out of bmodels and put together anew: `tpuc extract`, `tpuc combine`, and compiling for several
// input shapes. Works on files of other compilers, too.   source: BMODEL.md sections 6 and 8
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"

namespace tpuc::bm1684x::bmodel {

// A net and those of its stages to keep, in this order; no stages: all of them.
struct Selection {
  std::string net;
  std::vector<size_t> stages;
};
// The file with only these nets. throws UserError E6004 for one that is not there, E6002 for what tpuc cannot write
// again: host steps, dynamic shapes, several cores.
std::vector<std::byte> extract(const Model& model, const std::vector<Selection>& selections);

// All nets of all models in one file; nets of one name become stages of one net. Equal weights are stored once, the
// firmware is the first one's. throws UserError E6007 where stages do not go together, E6002 as extract().
std::vector<std::byte> combine(std::span<const Model> models);

}  // namespace tpuc::bm1684x::bmodel
