// Convolutions get what they wish; elementwise ops follow their first operand that is not RowMajor.
#include "runtime/layouts.h"

#include <algorithm>

namespace tpuc {

using fast::Layout;

Layout Layouts::of(const Value* v) const {
  const auto it = layout_.find(v);
  return it == layout_.end() ? Layout::RowMajor : it->second;
}

// A constant as large as the result would be converted in every run.
Layout Layouts::common(const Op& op) const {
  const Dims& dims = op.out(0)->type.dims;
  Layout found = Layout::RowMajor;
  for (const Value* v : op.in()) {
    if (v == nullptr || element_count(v->type) == 1) continue;
    if (v->type.dims != dims || v->is_constant()) return Layout::RowMajor;
    if (found == Layout::RowMajor) found = of(v);
  }
  return found;
}

OpLayouts Layouts::choose(const Op& op, const fast::Site& site, const fast::LayoutWish& wish) {
  OpLayouts chosen{std::vector<Layout>(op.in().size(), Layout::RowMajor), wish.keeps ? common(op) : wish.out};
  if (!wish.keeps) chosen.in[0] = wish.in;
  for (size_t i = 0; wish.keeps && i < chosen.in.size(); ++i)
    if (site.present[i] && element_count(site.in[i]) != 1) chosen.in[i] = chosen.out;
  if (chosen.out != Layout::RowMajor) layout_.emplace(op.out(0), chosen.out);
  return chosen;
}

}  // namespace tpuc
