// See the header.
#include "runtime/fast/broadcast.h"

namespace tpuc::fast {

namespace {

// Strides to walk a tensor of dimensions `from` as if it had those of the result.
Dims strides_in(const Dims& from, const Dims& out) {
  const Dims own = row_major_strides(from);
  Dims s(out.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1) s[out.size() - from.size() + i] = own[i];
  return s;
}

}  // namespace

BroadcastRows::BroadcastRows(std::span<const Dims> in, const Dims& out)
    : strides_(in.size()), count_(element_count(out)) {
  std::vector<Dims> all;
  for (const Dims& d : in) all.push_back(strides_in(d, out));
  for (size_t axis = 0; axis < out.size(); ++axis) {
    if (out[axis] == 1) continue;
    bool joins = !sizes_.empty();
    for (size_t k = 0; joins && k < all.size(); ++k) joins = strides_[k].back() == all[k][axis] * out[axis];
    if (joins) {
      sizes_.back() *= out[axis];
    } else {
      sizes_.push_back(out[axis]);
      for (auto& s : strides_) s.push_back(0);
    }
    for (size_t k = 0; k < all.size(); ++k) strides_[k].back() = all[k][axis];
  }
  if (!sizes_.empty()) return;
  sizes_ = {1};
  for (auto& s : strides_) s = {0};
}

int64_t BroadcastRows::start(size_t operand, int64_t index) const {
  int64_t at = 0;
  for (size_t i = sizes_.size() - 1; i-- > 0; index /= sizes_[i]) at += index % sizes_[i] * strides_[operand][i];
  return at;
}

}  // namespace tpuc::fast
