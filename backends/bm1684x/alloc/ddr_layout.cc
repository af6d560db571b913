// See the header.
#include "backends/bm1684x/alloc/ddr_layout.h"

namespace tpuc::bm1684x {

DdrLayout::DdrLayout(const std::vector<Axis>& axes) {
  for (const Axis& a : axes) {
    if (a.extent == 1) continue;
    if (!axes_.empty() && axes_.back().stride == a.extent * a.stride)
      axes_.back() = {axes_.back().extent * a.extent, a.stride};
    else
      axes_.push_back(a);
  }
  if (axes_.size() == 1 && axes_[0].stride == 1) axes_.clear();
}

int64_t DdrLayout::span() const {
  int64_t last = 0;
  for (const Axis& a : axes_) last += (a.extent - 1) * a.stride;
  return last + 1;
}

int64_t DdrLayout::at(int64_t index) const {
  if (is_plain()) return index;
  int64_t place = 0;
  for (size_t k = axes_.size(); k-- > 0;) {
    place += index % axes_[k].extent * axes_[k].stride;
    index /= axes_[k].extent;
  }
  return place;
}

std::vector<DdrLayout::Position> DdrLayout::position(int64_t first) const {
  std::vector<Position> at(axes_.size());
  int64_t step = 1;
  for (size_t k = axes_.size(); k-- > 0; step *= axes_[k].extent) at[k] = {step, first / step % axes_[k].extent};
  return first >= 0 && first < step ? at : std::vector<Position>{};
}

std::optional<int64_t> DdrLayout::map(int64_t first, std::span<const int64_t> extents,
                                      std::span<int64_t> strides) const {
  if (is_plain()) return first;
  std::vector<Position> end = position(first);
  if (end.empty()) return {};
  const int64_t place = at(first);
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] == 1) strides[i] = 0;
    if (strides[i] == 0) continue;
    size_t k = 0;
    while (k < axes_.size() && end[k].step > strides[i]) ++k;
    if (k == axes_.size() || strides[i] % end[k].step != 0) return {};
    const int64_t along = strides[i] / end[k].step;
    end[k].index += (extents[i] - 1) * along;
    if (end[k].index >= axes_[k].extent) return {};
    strides[i] = along * axes_[k].stride;
  }
  return place;
}

}  // namespace tpuc::bm1684x
