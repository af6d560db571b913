// Moving elements without looking at them: y[i0, i1, ...] = x[t0[i0] + t1[i1] + ...]. Permute, expand, tile, slice and
// pad differ only in their tables.
#pragma once

#include <cstdint>
#include <vector>

#include "tpuc/ir/tensor.h"

namespace tpuc::ops {

inline constexpr int64_t kKeep = -1;  // in a table: y keeps what it holds there

// One table per axis of y, with y's dimension entries: element offsets into x, or kKeep.
using OffsetTables = std::vector<std::vector<int64_t>>;
void move_elements(const Tensor& x, const OffsetTables& tables, Tensor& y);

// The table of `count` positions first, first + step, ... of an axis whose neighbours lie `stride` elements apart.
std::vector<int64_t> offset_table(int64_t first, int64_t step, int64_t count, int64_t stride);

}  // namespace tpuc::ops
