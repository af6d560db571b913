// How a load or store uses a tensor in DDR, and what it costs there.
#pragma once

#include "backends/bm1684x/alloc/ddr_layout.h"
#include "backends/bm1684x/cycles/cycles.h"
#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

struct DdrUse {
  bool is_store = false, is_shared = false;
  Shape4 dims{1, 1, 1, 1}, strides{0, 0, 0, 0};  // of the view, and of the tensor as if row-major
  Shape4 extent{1, 1, 1, 1};                     // of the box that is moved
  int64_t times = 1;                             // how often
};

// Of a folded view each row is a load of its own: the use says so.
DdrUse use_of(const View& view, const Shape4& extent, bool is_shared, bool is_store);

// One transfer of a box that begins with the view. Nothing where the pieces do not follow the layout.
std::optional<Cost> price_of(const DdrUse& use, const std::vector<Piece>& pieces, const DdrLayout& layout, Prec prec);

}  // namespace tpuc::bm1684x
