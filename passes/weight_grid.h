// The integers that the weights of an operator may become: what choosing between the two next to each needs to know.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "passes/filter_layout.h"
#include "tpuc/ir/graph.h"

namespace tpuc {

// weight / step + zero is the place of a weight among the integers from `least` to `most`.
struct WeightGrid {
  std::vector<double> steps, zeros;  // by a weight's row-major index; steps are numbers of f32
  double least = -127, most = 127;
};
// Of 8 bits: as quantize and, for products that stay in floats, integer-weights round; of 4 bits: as the latter does.
// Nothing where all weights are integers with one step.
std::optional<WeightGrid> weight_grid(const Op& op, const FilterLayout& layout, int64_t bits);

// The integers that a weight may become, low <= high. They are one where it lies on an integer, or beyond them all.
struct Choice {
  double low = 0, high = 0;
};
Choice choice_at(const WeightGrid& grid, size_t index, double weight);

}  // namespace tpuc
