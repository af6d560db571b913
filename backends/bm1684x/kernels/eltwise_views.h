// How operators that work element by element see their operands as [N,C,H,W]: rank 4 naturally, other ranks with
// adjacent axes merged so that many elements lie in lanes and rows are long. Neighbours of one shape get equal views.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// Views of an output and of inputs that broadcast to it (null: absent, gets an empty view). Nothing when more than four
// axes remain after merging. Extents are below 65536 where the shape allows; else tiles are (fits_size_fields).
std::optional<Views> broadcast_views(const Dims& out, std::span<const Dims* const> in);

// The view of a tensor alone: what operators of one operand use.
View plain_view(const Dims& dims);
// The view of the result of an elementwise op, and of operands of its shape: plain, or that of matrices where it comes
// from a product of them.
View result_view(const Op& op);
// A count of elements as channels * width, both below 65536 where it has such divisors; prefers full lanes, then long
// rows. A count with none is one row.
struct Split {
  int64_t channels = 1, width = 1;
};
Split split_count(int64_t count);

// The same places with the strides row_major would write: those of extents 1 mean nothing, but views are compared.
View normalized(const View& v);

// The part of each input that goes with `out`: a box with the repeated axes at 0, shared where C is repeated.
Need broadcast_need(const View& in, const View& out_view, const Region& out);

// Support, views, axes and needs of operators with one operand of the result's shape.
Support one_operand_support(const Op& op, DType precision);
Views one_operand_views(const Op& op);
Axes all_axes(const Op& op);
std::vector<Need> one_operand_needs(const Op& op, const Region& out);

bool is_chip_float(DType t);

}  // namespace tpuc::bm1684x
