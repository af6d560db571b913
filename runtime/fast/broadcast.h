// Broadcasting reduced to rows of the result in which each operand either advances or stands still.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/fast/loops.h"
#include "tpuc/ir/type.h"

namespace tpuc::fast {

class BroadcastRows {
 public:
  // `in` broadcast to `out`. Axes merge where all operands walk on evenly; the last one is the row.
  BroadcastRows(std::span<const Dims> in, const Dims& out);

  int64_t row_size() const { return sizes_.back(); }
  // 1 or 0: whether an operand advances along a row.
  int64_t step(size_t operand) const { return strides_[operand].back(); }
  // The element an operand starts row `index` with.
  int64_t start(size_t operand, int64_t index) const;

  // Calls piece(row, begin, end) for parts of rows that cover the result, on all threads.
  template <class Fn>
  void for_pieces(Fn&& piece) const {
    if (count_ == 0) return;
    const int64_t rows = count_ / row_size();
    if (rows == 1) return for_chunks(row_size(), [&](int64_t begin, int64_t end) { piece(0, begin, end); });
    for_rows(rows, row_size(), [&](int64_t i) { piece(i, 0, row_size()); });
  }

 private:
  std::vector<int64_t> sizes_;
  std::vector<std::vector<int64_t>> strides_;  // per operand and axis, elements; 0 where repeated
  int64_t count_;
};

}  // namespace tpuc::fast
