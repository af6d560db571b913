// Where the elements of a tensor lie relative to its storage in DDR: rows apart so that a small tensor reaches more
// pages, axes in another order than the graph's, or every how many elements of another tensor.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backends/bm1684x/local_tensor.h"

namespace tpuc::bm1684x {

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
  // `first` lies. Nothing where one stride does not lead there: each stride must stay inside one axis. Of extents 1 it
  // becomes 0.
  std::optional<int64_t> map(int64_t first, std::span<const int64_t> extents, std::span<int64_t> strides) const;

  // What `inner` is in memory, that lies in the row-major tensor from element `first` on: its layout there, and where
  // its first element lies. Nothing where no layout says that.
  struct Inside;
  std::optional<Inside> of(int64_t first, const DdrLayout& inner) const;

  bool operator==(const DdrLayout&) const = default;

 private:
  friend class Walks;
  // Where a walk begins, by axis: the step of the row-major tensor, and the index.
  struct Position {
    int64_t step = 1, index = 0;
  };
  std::vector<Position> position(int64_t first) const;  // empty: outside

  std::vector<Axis> axes_;  // extents above 1
};

struct DdrLayout::Inside {
  DdrLayout layout;
  int64_t first = 0;
};

// A box of a view as one command moves it. Axis a of the command goes along axis slot[a] of the view, step[a] of its
// indices at a time; channels and columns are always those of the view.
struct Piece {
  int64_t first = 0;                             // element of memory
  Shape4 dims{1, 1, 1, 1}, strides{0, 0, 0, 0};  // elements of memory
  Shape4 begin{0, 0, 0, 0};                      // in the box
  Shape4 slot{0, 1, 2, 3}, step{1, 1, 1, 1};
  bool operator==(const Piece&) const = default;
};

// The box of `dims` from element `first` on, with strides over the row-major tensor. Where a stride leaves its axis,
// the box falls into several pieces, or its axes into more. Empty: there is no way, or only one of too many commands.
std::vector<Piece> pieces_of(const DdrLayout& layout, int64_t first, const Shape4& dims, const Shape4& strides);

// The part of the box's local tensor that a piece moves; and where it lies in DDR, from `base` on.
LocalTensor part_of(const LocalTensor& box, const Piece& piece);
DdrTensor tensor_of(const Piece& piece, uint64_t base, int64_t elem_bytes);

}  // namespace tpuc::bm1684x
