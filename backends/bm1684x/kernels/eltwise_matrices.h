// Elementwise operators between products of matrices see their tensors as those do, [batch, rows, 1, columns], so that
// attention stays in local memory from one product to the next; rows also fill lanes better than heads.
#pragma once

#include <optional>
#include <span>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// Whether an operand of the result's shape is computed, element by element or row by row, from a product of matrices of
// that shape.
bool follows_matrices(const Op& op);

// The dimensions of a result of rank 3 or more, and of operands that broadcast to it (null: absent), with the leading
// axes as one: [batch, rows, 1, columns]. Nothing where an operand has some of these axes only.
struct MatrixDims {
  Dims out;
  std::vector<std::optional<Dims>> in;
};
std::optional<MatrixDims> as_matrices(const Dims& out, std::span<const Dims* const> in);

}  // namespace tpuc::bm1684x
