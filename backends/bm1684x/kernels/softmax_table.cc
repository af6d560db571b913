// table_softmax along any axis: a gather finds the exponentials in f32, they are summed, and their products with the
// reciprocal become bytes. Bit-exact: ops/table_softmax.cc does the same steps.
//   source: SG7.md, COOKBOOK.md sections 3 and 4, TIU.md section 5
#include "backends/bm1684x/kernels/softmax_table.h"

#include <fmt/core.h>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_math.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/quantize_lut.h"
#include "backends/bm1684x/kernels/reduce_axes.h"
#include "backends/bm1684x/kernels/softmax_layout.h"
#include "ops/table_softmax.h"

namespace tpuc::bm1684x {

namespace {

// Scratch buffers behind the copies of the table; the rest is of one value per line.
enum Scratch : size_t { kExponentials = kTableCopies, kIndex, kProducts, kTop, kReduce, kSmall };
constexpr size_t kSmallCount = 4;

const ops::TableSoftmax::Attrs& attrs(const Op& op) { return op.attrs<ops::TableSoftmax>(); }
LineLayout layout(const Op& op) { return line_layout(op, attrs(op).axis).value(); }

Support supports(const Op& op, DType) {
  if (element_count(op.in(0)->type.dims) == 0) return {false, "there are no elements"};
  if (!line_layout(op, attrs(op).axis))
    return {false, fmt::format("the shape {}: an axis of more than 16384 elements", to_string(op.out(0)->type.dims))};
  return {};
}

Views views(const Op& op) {
  const View v = layout(op).view;
  return {{v, row_major(kTableView)}, v};
}

Axes axes(const Op& op) { return line_axes(layout(op)); }

std::vector<Need> needs(const Op&, const Region& out) {
  return {{Need::Kind::Box, out}, {Need::Kind::Shared, whole(kTableView)}};
}

Footprint footprint(const Op& op, const Region& out) {
  const LineLayout l = layout(op);
  const Shape4 lines = padded_lines(l, out), small = one_per_line(l, out);
  Footprint f;
  add_table_copies(f, kTableView[3] * size_of(Prec::F32));
  const auto add = [&](int64_t bytes, Wish wish = {}) {
    f.scratch.push_back(bytes);
    f.scratch_wishes.push_back(wish);
  };
  add(aligned_bytes(Prec::F32, lines), kResultBanks);
  add(aligned_bytes(Prec::I8, out.extent), kIndexBanks);
  add(aligned_bytes(Prec::F32, out.extent));
  add(attrs(op).below_top ? aligned_bytes(Prec::I8, small) : 0);
  add(reduce_scratch_bytes(Prec::F32, lines));
  for (size_t i = 0; i < kSmallCount; ++i) add(aligned_bytes(Prec::F32, small));
  return f;
}

// The bytes at which the table is read, where the gather wants them.
LocalTensor index_of(const Op& op, const TileCtx& t, Emitter& e) {
  const LocalTensor in = t.input(0, t.region), index = aligned(t.scratch[kIndex], Prec::I8, in.dims);
  const bool is_inside = !in.is_aligned();  // of a larger tensor: the largest are found in aligned ones
  if (is_inside || !attrs(op).below_top) e.copy(index, in);
  if (!attrs(op).below_top) return index;
  const LocalTensor x = is_inside ? index : in,
                    top = aligned(t.scratch[kTop], Prec::I8, one_per_line(layout(op), t.region));
  ConvArgs window{.kernel_h = layout(op).in_rows ? 1 : in.dims[2], .kernel_w = layout(op).in_rows ? in.dims[3] : 1};
  window.in_signed = op.in(0)->type.dtype == DType::I8;
  e.max_pool(top, x, window);
  e.ar(ArOp::Sub, index, x, top);
  return index;
}

// Exponentials, rows padded with zeros.
LocalTensor exponentials(const Op& op, const TileCtx& t, Emitter& e) {
  const LocalTensor index = index_of(op, t, e);
  const Shape4 lines = padded_lines(layout(op), t.region);
  const LocalTensor all = aligned(t.scratch[kExponentials], Prec::F32, lines);
  Shape4 tail = lines;
  tail[3] -= index.dims[3];
  if (tail[3] > 0) e.fill(all.at(0, 0, 0, index.dims[3], tail), 0);
  const std::span<const uint32_t> copies(t.scratch.data(), kTableCopies);
  look_up_at_best(aligned(all.addr, Prec::F32, index.dims), index, t.input(1, whole(kTableView)), copies, e);
  return all;
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const auto& a = attrs(op);
  const LocalTensor exps = exponentials(op, t, e), out = t.output();
  const std::span<const uint32_t> scratch(t.scratch);
  FloatMath small(e, scratch.subspan(kSmall, kSmallCount), one_per_line(layout(op), t.region), {}, 0, false);
  auto sum = small.take();
  reduce_axes(RowKind::Sum, *sum, exps, 1, t.scratch[kReduce], e);
  const auto reciprocal = small.reciprocal(std::move(sum));
  const auto share = small.mul(reciprocal, Arg::f32(1 / a.scale));
  const LocalTensor products = aligned(t.scratch[kProducts], Prec::F32, out.dims);
  e.ar(ArOp::Mul, products, exps.at(0, 0, 0, 0, out.dims), share);
  if (a.zero != 0) e.ar(ArOp::Add, products, products, Arg::f32(static_cast<float>(a.zero)));
  e.unary(ArOp::Cast, out, products, {.out_signed = a.to == DType::I8});
}

}  // namespace

Kernel table_softmax_kernel() {
  return {.op = ops::TableSoftmax::kName,
          .supports = supports,
          .views = views,
          .axes = axes,
          .needs = needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace tpuc::bm1684x
