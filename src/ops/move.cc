// Moving elements without looking at them.
#include "ops/move.h"

namespace tpuc::ops {

namespace {

template <class T>
void move_axis(const T* x, const OffsetTables& tables, size_t axis, T*& y) {
  if (axis == tables.size()) {
    *y++ = *x;
    return;
  }
  const bool last = axis + 1 == tables.size();
  int64_t inner = 1;
  for (size_t a = axis + 1; a < tables.size(); ++a) inner *= static_cast<int64_t>(tables[a].size());
  for (const int64_t offset : tables[axis]) {
    if (offset == kKeep)
      y += inner;
    else if (last)
      *y++ = x[offset];
    else
      move_axis(x + offset, tables, axis + 1, y);
  }
}

template <class T>
void move_as(const Tensor& x, const OffsetTables& tables, Tensor& y) {
  T* to = y.as_mutable<T>().data();
  move_axis(x.as<T>().data(), tables, 0, to);
}

}  // namespace

void move_elements(const Tensor& x, const OffsetTables& tables, Tensor& y) {
  TPUC_CHECK(bit_width(x.dtype()) >= 8, "4-bit elements cannot be moved one by one");
  if (y.count() == 0) return;
  switch (size_bytes(x.dtype())) {
    case 1:
      return move_as<uint8_t>(x, tables, y);
    case 2:
      return move_as<uint16_t>(x, tables, y);
    case 4:
      return move_as<uint32_t>(x, tables, y);
    default:
      return move_as<uint64_t>(x, tables, y);
  }
}

std::vector<int64_t> offset_table(int64_t first, int64_t step, int64_t count, int64_t stride) {
  std::vector<int64_t> table(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) table[static_cast<size_t>(i)] = (first + i * step) * stride;
  return table;
}

}  // namespace tpuc::ops
