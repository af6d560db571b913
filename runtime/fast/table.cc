// The table of fast versions: the hand-written list of families.
#include "runtime/fast/fast.h"

namespace tpuc::fast {

const Row* find_row(std::string_view op) {
  using Family = std::span<const Row> (*)();
  constexpr Family kFamilies[] = {conv_rows,    matmul_rows, pool_rows, eltwise_rows, activation_rows, norm_rows,
                                  softmax_rows, reduce_rows, move_rows, resize_rows,  quantize_rows};
  for (const Family family : kFamilies)
    for (const Row& row : family())
      if (row.op == op) return &row;
  return nullptr;
}

}  // namespace tpuc::fast
