// See the header.
#include "backends/bm1684x/kernels/softmax_layout.h"

#include <fmt/core.h>

#include "backends/bm1684x/kernels/eltwise_matrices.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/reduce_axes.h"

namespace tpuc::bm1684x {

std::optional<LineLayout> line_layout(const Op& op, int64_t axis_index) {
  const Dims& d = op.out(0)->type.dims;
  const auto axis = static_cast<size_t>(axis_index);
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= d[i];
  for (size_t i = axis + 1; i < d.size(); ++i) inner *= d[i];
  const int64_t length = d[axis];
  LineLayout l;
  l.in_rows = inner == 1;
  if (length > kMostReduced) return std::nullopt;
  if (inner == 1) {
    l.dims = {1, outer, 1, length};
    l.view = normalized({l.dims, {length, length, 0, 1}});
    // Stacks of matrices as the products around them see them: attention stays in local memory.
    const bool between_products = follows_matrices(op);
    if (const int64_t rows = axis > 0 ? d[axis - 1] : 1;
        (rows >= kLanes || between_products) && rows <= kMaxDim && outer / rows <= kMaxDim) {
      l.dims = {outer / rows, rows, 1, length};
      l.view = row_major(l.dims);
    }
    return l;
  }
  const Split split = split_count(inner);
  l.dims = {outer, split.channels, length, split.width};
  l.view = normalized({l.dims, {length * inner, split.width, inner, 1}});
  return l;
}

Support line_support(const Op& op, int64_t axis) {
  if (line_layout(op, axis)) return {};
  return {false,
          fmt::format("the shape {}: an axis of more than {} elements", to_string(op.out(0)->type.dims), kMostReduced)};
}

Axes line_axes(const LineLayout& l) { return {.h = l.in_rows, .w = !l.in_rows}; }

Shape4 padded_lines(const LineLayout& l, const Region& out) {
  Shape4 d = out.extent;
  if (l.in_rows) d[3] = align_up(d[3], kEuBytes / 4);
  return d;
}

Shape4 one_per_line(const LineLayout& l, const Region& out) {
  Shape4 d = out.extent;
  d[l.in_rows ? 3 : 2] = 1;
  return d;
}

}  // namespace tpuc::bm1684x
