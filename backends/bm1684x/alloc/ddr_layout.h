// Where the elements of a tensor lie relative to its storage in DDR: rows apart so that a small tensor reaches more
// pages, or axes in another order than the graph's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backends/bm1684x/local_tensor.h"

namespace tpuc::bm1684x {

// A view's first element and strides, elements of memory.
struct Placed {
  int64_t first = 0;
  Shape4 strides{0, 0, 0, 0};
};

class DdrLayout {
 public:
  struct Axis {
    int64_t extent = 1, stride = 1;  // elements
    bool operator==(const Axis&) const = default;
  };
  DdrLayout() = default;  // row-major without gaps
  // Axes of the tensor in row-major order, outermost first. Neighbours that one stride walks through become one axis.
  explicit DdrLayout(const std::vector<Axis>& axes);

  bool is_plain() const { return axes_.empty(); }
  const std::vector<Axis>& axes() const { return axes_; }
  int64_t span() const;  // elements from the first to behind the last; not of a plain one, which knows no extents
  // Where element `index` of the row-major tensor lies.
  int64_t at(int64_t index) const;

  // What a walk over the row-major tensor is in memory: its strides become those in memory, the result is where
  // `first` lies. Nothing where one stride does not lead there: each stride must stay inside one axis.
  std::optional<int64_t> map(int64_t first, std::span<const int64_t> extents, std::span<int64_t> strides) const;
  std::optional<Placed> place(int64_t first, const Shape4& dims, const Shape4& strides) const;

  bool operator==(const DdrLayout&) const = default;

 private:
  std::vector<Axis> axes_;  // extents above 1
};

}  // namespace tpuc::bm1684x
