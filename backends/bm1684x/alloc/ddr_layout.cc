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

std::optional<int64_t> DdrLayout::map(int64_t first, std::span<const int64_t> extents,
                                      std::span<int64_t> strides) const {
  if (is_plain()) return first;
  std::vector<int64_t> steps(axes_.size()), room(axes_.size());  // steps: of the row-major tensor
  int64_t step = 1, place = 0;
  for (size_t k = axes_.size(); k-- > 0;) {
    const int64_t begin = first / step % axes_[k].extent;
    place += begin * axes_[k].stride;
    room[k] = axes_[k].extent - 1 - begin;
    steps[k] = step;
    step *= axes_[k].extent;
  }
  if (first < 0 || first >= step) return {};
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] == 1 || strides[i] == 0) continue;
    size_t k = 0;
    while (k < axes_.size() && steps[k] > strides[i]) ++k;
    if (k == axes_.size() || strides[i] % steps[k] != 0) return {};
    const int64_t along = strides[i] / steps[k];
    room[k] -= (extents[i] - 1) * along;
    if (room[k] < 0) return {};
    strides[i] = along * axes_[k].stride;
  }
  return place;
}

std::optional<Placed> DdrLayout::place(int64_t first, const Shape4& dims, const Shape4& strides) const {
  Placed p{first, strides};
  const auto at = map(first, dims, p.strides);
  if (!at) return {};
  p.first = *at;
  // Strides that no element asks for, as a tensor without gaps has them: commands are priced by them, too, and a stride
  // of 0 would make them seem to cost nothing.
  for (size_t i = 4; i-- > 0;)
    if (dims[i] == 1) p.strides[i] = i == 3 ? 1 : dims[i + 1] * p.strides[i + 1];
  return p;
}

}  // namespace tpuc::bm1684x
