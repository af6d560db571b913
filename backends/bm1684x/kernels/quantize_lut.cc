// Gathers inside lanes from a table in every lane.   source: TIU.md section 12, SG7.md
// The four-bank gather takes a quarter of a cycle for an element, but wants index, result and four copies of the table
// in certain banks. These are wishes to the allocator; where one is not granted the plain gather, one element a cycle,
// gives the same.
#include "backends/bm1684x/kernels/quantize_lut.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_operands.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/quantize.h"

namespace tpuc::bm1684x {

namespace {

constexpr Shape4 kTable{1, 1, 1, 256};

Support supports(const Op& op, DType) {
  const Dims& d = op.in(0)->type.dims;
  if (std::any_of(d.begin(), d.end(), [](int64_t n) { return n == 0; })) return {false, "there are no elements"};
  return {};
}

Views views(const Op& op) {
  const View x = result_view(op);
  return {{x, row_major(kTable)}, x};
}

std::vector<Need> needs(const Op&, const Region& out) {
  return {{Need::Kind::Box, out}, {Need::Kind::Shared, whole(kTable)}};
}

// Where the vendor's encoder accepts the operands; ends are strict.   source: SG7.md section 2
constexpr Wish kIndexBanks{0, 0x10000 - kEuBytes}, kResultBanks{0x10000, 0x20000 - kEuBytes};
constexpr int64_t kTableBanks = 0x20000;

int64_t table_bytes(const Op& op) { return kTable[3] * size_bytes(op.in(1)->type.dtype); }

// The copies of the table: each in a buffer of its own.
Footprint footprint(const Op& op, const Region&) {
  const int64_t bytes = table_bytes(op);
  Footprint f{
      .scratch = std::vector<int64_t>(kTableCopies, bytes), .input_wishes = {kIndexBanks}, .output_wish = kResultBanks};
  for (int64_t k = 0; k < kTableCopies; ++k) {
    const int64_t at = kTableBanks + k * kTableCopyStride;
    f.scratch_wishes.push_back({at, at + bytes});
  }
  return f;
}

bool lies_in(const LocalTensor& t, const Wish& part) {
  return t.is_aligned() && t.offset() >= part.begin && t.offset() + align64(t.span_bytes()) <= part.end;
}

bool wishes_are_granted(const TileCtx& t, const LocalTensor& out, const LocalTensor& index) {
  for (int64_t k = 0; k < kTableCopies; ++k)
    if (t.scratch[static_cast<size_t>(k)] != kTableBanks + k * kTableCopyStride) return false;
  return lies_in(index, kIndexBanks) && lies_in(out, kResultBanks);
}

void emit(const Op&, const TileCtx& t, Emitter& e) {
  const LocalTensor out = t.output(), index = t.input(0, t.region), table = t.input(1, whole(kTable));
  if (!wishes_are_granted(t, out, index)) return e.look_up(out, index, table);
  for (const uint32_t copy : t.scratch) e.copy(in_all_lanes(shared_row(copy, table.prec, kTable)), in_all_lanes(table));
  e.look_up_banked(out, index, shared_row(t.scratch[0], table.prec, kTable));
}

}  // namespace

Kernel lut_kernel() {
  return {.op = ops::Lut::kName,
          .supports = supports,
          .views = views,
          .axes = all_axes,
          .needs = needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace tpuc::bm1684x
