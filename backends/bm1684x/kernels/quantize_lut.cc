// The plain gather inside lanes: the table in every lane, one element per lane and cycle.   source: TIU.md section 12
// Not the four-bank gather, four times as fast, which wants index, result and four copies of the table in fixed banks
// (SG7.md section 2): kernels get their addresses from the allocator, which knows no such wish.
#include "backends/bm1684x/kernels/quantize_lut.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/quantize.h"

namespace tpuc::bm1684x {

namespace {

constexpr Shape4 kTable{1, 1, 1, 256};

Support supports(const Op& op, DType) {
  const Dims& d = op.in(0)->type.dims;
  if (std::any_of(d.begin(), d.end(), [](int64_t n) { return n == 0; })) return {false, "there are no elements"};
  if (!plain_view(d)) return {false, fmt::format("the shape {} has no split into extents below 65536", to_string(d))};
  return {};
}

Views views(const Op& op) {
  const View x = plain_view(op.out(0)->type.dims).value();
  return {{x, row_major(kTable)}, x};
}

std::vector<Need> needs(const Op&, const Region& out) {
  return {{Need::Kind::Box, out}, {Need::Kind::Shared, whole(kTable)}};
}

Footprint no_scratch(const Op&, const Region&) { return {}; }

void emit(const Op&, const TileCtx& t, Emitter& e) {
  e.look_up(t.output(), t.input(0, t.region), t.input(1, whole(kTable)));
}

}  // namespace

Kernel lut_kernel() {
  return {.op = ops::Lut::kName,
          .supports = supports,
          .views = views,
          .axes = all_axes,
          .needs = needs,
          .footprint = no_scratch,
          .pack = nullptr,
          .emit = emit,
          .emit_ddr = nullptr,
          .view_of = nullptr,
          .parts_of = nullptr};
}

}  // namespace tpuc::bm1684x
