// Look-up of operators. The table itself is src/ops/families.cc: a hand-written list, no static initialisers.
#pragma once

#include <span>
#include <string_view>

#include "tpuc/ir/op_def.h"

namespace tpuc {

// All operators, sorted by name.
std::span<const OpDef> all_ops();
// Null when there is none of that name.
const OpDef* find_op(std::string_view name);
template <class S>
const OpDef& op_def() {
  static const OpDef* const d = find_op(S::kName);
  TPUC_CHECK(d != nullptr, "operator {} is not in the table of families", S::kName);
  return *d;
}

}  // namespace tpuc
