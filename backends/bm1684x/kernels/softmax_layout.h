// How operators that normalize along one axis see their tensor: each line whole in one lane.
#pragma once

#include <optional>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// The axis as W of rows in lanes, or, with axes behind it, as H.
struct LineLayout {
  Shape4 dims{1, 1, 1, 1};
  bool in_rows = true;
  View view;
};

// Nothing for an axis of more than kMostReduced elements; line_support says so.
std::optional<LineLayout> line_layout(const Op& op, int64_t axis);
Support line_support(const Op& op, int64_t axis);
// The axes that may be cut: not the line.
Axes line_axes(const LineLayout& l);
// A region with rows padded to whole units of 16 elements of 32 bits, and with one value for each of its lines.
Shape4 padded_lines(const LineLayout& l, const Region& out);
Shape4 one_per_line(const LineLayout& l, const Region& out);

}  // namespace tpuc::bm1684x
