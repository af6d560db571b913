// `--input-shape x=1x3x48x{160,320,640}`: one set of input shapes per stage of a bmodel.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tpuc/ir/type.h"

namespace tpuc {

// The shapes of each stage, from all --input-shape options. Lists in braces go side by side: the second stage takes the
// second entry of every list; an input without a list has the same shape in every stage. E2001 for lists that differ in
// length or stages that are the same.
std::vector<std::map<std::string, Dims>> parse_stage_shapes(const std::vector<std::string>& options);

}  // namespace tpuc
