// See the header.
#include "backends/bm1684x/alloc/ddr_use.h"

#include <algorithm>

#include "backends/bm1684x/emit/transfer.h"

namespace tpuc::bm1684x {

DdrUse use_of(const View& view, const Shape4& extent, bool is_shared, bool is_store) {
  DdrUse u{is_store, is_shared, view.dims, view.strides, extent, 1};
  const FoldedRows& f = view.folded;
  if (f.count == 0) return u;
  u.times = f.count;
  u.dims[1] = u.extent[1] = view.dims[1] / f.count;
  u.dims[2] = f.rows;
  u.extent[2] = std::min(extent[2], f.rows);
  return u;
}

std::optional<Cost> price_of(const DdrUse& use, const std::vector<Piece>& pieces, const DdrLayout& layout, Prec prec) {
  const LocalTensor box = use.is_shared ? shared_row(0, prec, use.extent) : aligned(0, prec, use.extent);
  Cost sum;
  for (Piece p : pieces) {
    const auto first = layout.map(p.first, p.dims, p.strides);
    if (!first) return {};
    p.first = *first;
    const DdrTensor there = tensor_of(p, kDdrBase, size_of(prec));
    const LocalTensor here = part_of(box, p);
    const Cost c = cost_of(use.is_store ? store_command(there, here) : load_command(here, there));
    sum.cycles += c.cycles;
    sum.ddr_read_bytes += c.ddr_read_bytes;
    sum.ddr_written_bytes += c.ddr_written_bytes;
  }
  return sum;
}

}  // namespace tpuc::bm1684x
