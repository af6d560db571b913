// Dense matrices and the tiling of their product, shared by MM and MM2.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "backends/bm1684x/sim/dot.h"
#include "backends/bm1684x/sim/planes.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {

inline constexpr uint64_t kRowsAtOnce = 64;
inline constexpr uint64_t kIntTerms = 16384;  // |left * (right - zero)| < 2^17: so many products stay inside int32

// Dense row-major matrix.
template <class T>
struct Matrix {
  uint64_t rows, columns;
  std::vector<T> values;
  Matrix(uint64_t r, uint64_t c) : rows(r), columns(c), values(r * c) {}
  T* row(uint64_t r) { return values.data() + r * columns; }
  const T* row(uint64_t r) const { return values.data() + r * columns; }
  Matrix transposed() const {
    Matrix t(columns, rows);
    for (uint64_t r = 0; r < rows; ++r)
      for (uint64_t c = 0; c < columns; ++c) t.row(c)[r] = row(r)[c];
    return t;
  }
};

// Columns [first, first + 32) of `right` as the dot products want them: [k][32], zero beyond the matrix.
template <class T>
void fill_columns(const Matrix<T>& right, uint64_t first, T* x) {
  const uint64_t count = std::min<uint64_t>(kDotColumns, right.columns - first);
  if (count < kDotColumns) std::fill(x, x + right.rows * kDotColumns, T{});
  for (uint64_t k = 0; k < right.rows; ++k) std::copy_n(right.row(k) + first, count, x + k * kDotColumns);
}

// fn(x, first column, count, first row, row count) for all tiles of the result, in parallel.
template <class T, class Fn>
void for_each_tile(const TiuContext& context, const Matrix<T>& right, uint64_t rows, Fn&& fn) {
  const uint64_t blocks = ceil_div<uint64_t>(right.columns, kDotColumns), wanted = 4 * context.pool.size();
  const uint64_t cuts = std::min(ceil_div(wanted, blocks), ceil_div(rows, kRowsAtOnce));
  const uint64_t rows_per_cut = align_up<uint64_t>(ceil_div(rows, cuts), 8);
  const auto part = [&](size_t item) {
    const uint64_t first = item / cuts * kDotColumns, begin = item % cuts * rows_per_cut,
                   end = std::min(begin + rows_per_cut, rows);
    if (begin >= end) return;
    const auto x = std::make_unique_for_overwrite<T[]>(right.rows * kDotColumns);
    fill_columns(right, first, x.get());
    for (uint64_t r = begin; r < end; r += kRowsAtOnce)
      fn(x.get(), first, std::min<uint64_t>(kDotColumns, right.columns - first), r, std::min(kRowsAtOnce, end - r));
  };
  context.parallel(blocks * cuts, part, rows * right.columns * right.rows);
}

// Exact integer sums of one tile: sum[row][column].
std::vector<int64_t> int_tile(const int32_t* x, const int32_t* w, uint64_t rows, uint64_t terms);

}  // namespace tpuc::bm1684x
