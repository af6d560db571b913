// Broadcast walks.
#include "ops/elementwise.h"

namespace tpuc::ops {

Dims broadcast_strides(const Dims& from, const Dims& to) {
  TPUC_CHECK(from.size() <= to.size(), "{} cannot broadcast to {}", to_string(from), to_string(to));
  const Dims own = row_major_strides(from);
  const size_t lead = to.size() - from.size();
  Dims strides(to.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1) strides[lead + i] = own[i];
  return strides;
}

Walk::Walk(Dims result, std::vector<Dims> operand_strides)
    : dims_(std::move(result)),
      position_(dims_.size(), 0),
      strides_(std::move(operand_strides)),
      offsets_(strides_.size(), 0) {}

void Walk::next() {
  for (size_t axis = dims_.size(); axis-- > 0;) {
    ++position_[axis];
    for (size_t k = 0; k < strides_.size(); ++k) offsets_[k] += strides_[k][axis];
    if (position_[axis] < dims_[axis]) return;
    for (size_t k = 0; k < strides_.size(); ++k) offsets_[k] -= strides_[k][axis] * dims_[axis];
    position_[axis] = 0;
  }
}

}  // namespace tpuc::ops
