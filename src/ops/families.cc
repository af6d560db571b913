// The table of all operators: the hand-written list of families, joined and sorted by name. No static initialisers, so
// nothing is lost when the static library is linked.
#include "ops/families.h"

#include <algorithm>
#include <vector>

#include "tpuc/ir/registry.h"

namespace tpuc {

namespace {

using Family = std::span<const OpDef> (*)();
constexpr Family kFamilies[] = {
    ops::conv_ops,   ops::matmul_ops,  ops::pool_ops,   ops::eltwise_ops,  ops::activation_ops,
    ops::norm_ops,   ops::softmax_ops, ops::reduce_ops, ops::shape_ops,    ops::slice_ops,
    ops::gather_ops, ops::resize_ops,  ops::cast_ops,   ops::quantize_ops,
};

std::vector<OpDef> join_families() {
  std::vector<OpDef> all;
  for (const Family family : kFamilies) {
    const auto rows = family();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  std::sort(all.begin(), all.end(), [](const OpDef& a, const OpDef& b) { return a.name < b.name; });
  return all;
}

}  // namespace

std::span<const OpDef> all_ops() {
  static const std::vector<OpDef> table = join_families();
  return table;
}

const OpDef* find_op(std::string_view name) {
  const auto table = all_ops();
  const auto it =
      std::lower_bound(table.begin(), table.end(), name, [](const OpDef& d, std::string_view n) { return d.name < n; });
  return it != table.end() && it->name == name ? &*it : nullptr;
}

}  // namespace tpuc
