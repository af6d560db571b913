// Constant matrices as integers with a step for each column or group of rows: found where a matrix arrived so and was
// made real by the import, made where that is wanted.
#pragma once

#include <optional>

#include "tpuc/ir/graph.h"

namespace tpuc {

struct IntegerWeights {
  Tensor integers;  // i8 or u8 [K,N]; of 4 bits: 0 to 15
  Tensor steps;     // f32 [G,1,N] scales, or [G,2,N] scales and zero points
  int64_t bits = 8, group = 0, zero = 0;
};

// w f32|f16|bf16 [K,N]. The integers whose products with their steps, rounded to w's type, are w's elements bit for
// bit; the largest groups. Nothing where there are none.
std::optional<IntegerWeights> find_integers(const Tensor& w);
// How rows of a column that share a step become integers from `least` to `most`: weight / step + zero.
struct IntegerGrid {
  float step = 1;
  double zero = 0, least = 0, most = 0;
};
// Of 8 bits symmetric, of 4 bits with a zero point; low <= 0 <= high, the rows' extremes.
IntegerGrid integer_grid(double low, double high, int64_t bits);
// So many rows share a step.
int64_t rounded_group(int64_t depth, int64_t bits);
// Nearest integers: of 8 bits symmetric, a step for each column; of 4 bits with zero points, steps of 64 rows.
IntegerWeights round_to_integers(const Tensor& w, int64_t bits);

// A product with a constant matrix that may become integers while the product stays in floats (pass integer-weights).
bool takes_integer_weights(const Op& op);
// Its matrix as [K,N].
Tensor projection_matrix(const Op& op);

}  // namespace tpuc
