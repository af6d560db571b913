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

Support supports(const Op& op, DType) {
  const Dims& d = op.in(0)->type.dims;
  if (std::any_of(d.begin(), d.end(), [](int64_t n) { return n == 0; })) return {false, "there are no elements"};
  return {};
}

Views views(const Op& op) {
  const View x = result_view(op);
  return {{x, row_major(kTableView)}, x};
}

std::vector<Need> needs(const Op&, const Region& out) {
  return {{Need::Kind::Box, out}, {Need::Kind::Shared, whole(kTableView)}};
}

constexpr int64_t kTableBanks = 0x20000;

int64_t table_bytes(const Op& op) { return kTableView[3] * size_bytes(op.in(1)->type.dtype); }

Footprint footprint(const Op& op, const Region&) {
  Footprint f{.scratch = {}, .input_wishes = {kIndexBanks}, .output_wish = kResultBanks};
  add_table_copies(f, table_bytes(op));
  return f;
}

bool lies_in(const LocalTensor& t, const Wish& part) {
  return t.is_aligned() && t.offset() >= part.begin && t.offset() + align64(t.span_bytes()) <= part.end;
}

void emit(const Op&, const TileCtx& t, Emitter& e) {
  GatherTable(t.input(1, whole(kTableView)), t.scratch).look_up(t.output(), t.input(0, t.region), e);
}

}  // namespace

void add_table_copies(Footprint& f, int64_t bytes) {
  for (int64_t k = 0; k < kTableCopies; ++k) {
    const int64_t at = kTableBanks + k * kTableCopyStride;
    f.scratch_wishes.resize(f.scratch.size());
    f.scratch.push_back(bytes);
    f.scratch_wishes.push_back({at, at + bytes});
  }
}

bool GatherTable::is_banked(const LocalTensor& out, const LocalTensor& index) const {
  for (int64_t k = 0; k < kTableCopies; ++k)
    if (copies_[static_cast<size_t>(k)] != kTableBanks + k * kTableCopyStride) return false;
  return lies_in(index, kIndexBanks) && lies_in(out, kResultBanks);
}

void GatherTable::look_up(const LocalTensor& out, const LocalTensor& index, Emitter& e) {
  if (!is_banked(out, index)) return e.look_up(out, index, table_);
  for (size_t k = 0; k < copies_.size() && !are_filled_; ++k)
    e.copy(in_all_lanes(shared_row(copies_[k], table_.prec, kTableView)), in_all_lanes(table_));
  are_filled_ = true;
  e.look_up_banked(out, index, shared_row(copies_[0], table_.prec, kTableView));
}

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
