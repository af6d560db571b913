// table_softmax along any axis: a gather finds the exponentials in f32, they are summed, and their products with the
// reciprocal become bytes. Bit-exact: ops/table_softmax.cc does the same steps.
//   source: SG7.md, COOKBOOK.md sections 3 and 4, TIU.md section 5
#include "backends/bm1684x/kernels/softmax_table.h"

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_math.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/quantize_lut.h"
#include "backends/bm1684x/kernels/reduce_axes.h"
#include "backends/bm1684x/kernels/softmax_layout.h"
#include "ops/table_softmax.h"

namespace tpuc::bm1684x {

namespace {

static_assert(ops::TableSoftmax::kLongest <= kMostReduced);

// Scratch buffers behind the copies of the table; the rest is of one value per line.
enum Scratch : size_t { kExponentials = kTableCopies, kIndex, kProducts, kTop, kReduce, kSmall };
constexpr size_t kSmallCount = 4;

const ops::TableSoftmax::Attrs& attrs(const Op& op) { return op.attrs<ops::TableSoftmax>(); }
LineLayout layout(const Op& op) { return line_layout(op, attrs(op).axis).value(); }

Support supports(const Op& op, DType) {
  if (element_count(op.in(0)->type.dims) == 0) return {false, "there are no elements"};
  return line_support(op, attrs(op).axis);
}

Views views(const Op& op) {
  const View v = layout(op).view;
  return {{v, row_major(kTableView)}, v};
}

Axes axes(const Op& op) { return line_axes(layout(op)); }

std::vector<Need> needs(const Op&, const Region& out) {
  return {{Need::Kind::Box, out}, {Need::Kind::Shared, whole(kTableView)}};
}

// Behind the third copy of the table: at the end of a lane it would lie where the fourth one has to.
constexpr Wish kBetweenCopies{0x30400, 0x38000};

// Lines are worked on in parts of a tile, so that scratch finds room in the banks of the fast gather beside large
// tiles.
Region part_of(const LineLayout& l, const Region& out) {
  constexpr int64_t kPartBytes = 16384;  // of exponentials, a lane
  const Shape4 d = padded_lines(l, out);
  const int64_t rows = ceil_div(d[1], kLanes);  // of channels
  const int64_t count = std::max<int64_t>(1, kPartBytes / align64(d[2] * d[3] * size_of(Prec::F32)));
  Region part{{0, 0, 0, 0}, out.extent};
  part.extent[0] = count < rows ? 1 : std::min(d[0], count / rows);
  part.extent[1] = std::min(d[1], count * kLanes);
  return part;
}

Footprint footprint(const Op& op, const Region& out) {
  const LineLayout l = layout(op);
  const Region part = part_of(l, out);
  const Shape4 lines = padded_lines(l, part), small = one_per_line(l, part);
  Footprint f;
  add_table_copies(f, kTableView[3] * size_of(Prec::F32));
  const auto add = [&](int64_t bytes, Wish wish = {}) {
    f.scratch.push_back(bytes);
    f.scratch_wishes.push_back(wish);
  };
  add(aligned_bytes(Prec::F32, lines), kResultBanks);
  add(aligned_bytes(Prec::I8, part.extent), kIndexBanks);
  add(aligned_bytes(Prec::F32, part.extent), kBetweenCopies);
  add(attrs(op).below_top ? aligned_bytes(Prec::I8, small) : 0);
  add(reduce_scratch_bytes(Prec::F32, lines));
  for (size_t i = 0; i < kSmallCount; ++i) add(aligned_bytes(Prec::F32, small));
  return f;
}

// A part of a tile on its way.
struct Part {
  const Op& op;
  const TileCtx& tile;
  const LineLayout layout;
  GatherTable& table;
  const LocalTensor in, out;
  Emitter& e;

  Region region() const { return {{0, 0, 0, 0}, in.dims}; }
  LocalTensor scratch(Scratch which, Prec p, const Shape4& dims) const { return aligned(tile.scratch[which], p, dims); }
};

// The bytes at which the table is read, where the gather wants them.
LocalTensor index_of(const Part& p) {
  const LocalTensor index = p.scratch(kIndex, Prec::I8, p.in.dims);
  const bool is_inside = !p.in.is_aligned();  // of a larger tensor: the largest are found in aligned ones
  if (is_inside || !attrs(p.op).below_top) p.e.copy(index, p.in);
  if (!attrs(p.op).below_top) return index;
  const LocalTensor top = p.scratch(kTop, Prec::I8, one_per_line(p.layout, p.region()));
  ConvArgs window;
  (p.layout.in_rows ? window.kernel_w : window.kernel_h) = p.in.dims[p.layout.in_rows ? 3 : 2];
  window.in_signed = p.op.in(0)->type.dtype == DType::I8;
  p.e.max_pool(top, is_inside ? index : p.in, window);
  p.e.ar(ArOp::Sub, index, is_inside ? index : p.in, top);
  return index;
}

// Exponentials, rows padded with zeros.
LocalTensor exponentials(const Part& p) {
  const LocalTensor index = index_of(p);
  const Shape4 lines = padded_lines(p.layout, p.region());
  const LocalTensor all = p.scratch(kExponentials, Prec::F32, lines);
  Shape4 tail = lines;
  tail[3] -= index.dims[3];
  if (tail[3] > 0) p.e.fill(all.at(0, 0, 0, index.dims[3], tail), 0);
  p.table.look_up(aligned(all.addr, Prec::F32, index.dims), index, p.e);
  return all;
}

void emit_part(const Part& p) {
  const auto& a = attrs(p.op);
  const LocalTensor exps = exponentials(p);
  const std::span<const uint32_t> scratch(p.tile.scratch);
  FloatMath small(p.e, scratch.subspan(kSmall, kSmallCount), one_per_line(p.layout, p.region()), {}, 0, false);
  auto sum = small.take();
  reduce_axes(RowKind::Sum, *sum, exps, 1, p.tile.scratch[kReduce], p.e);
  const auto reciprocal = small.reciprocal(std::move(sum));
  const auto share = small.mul(reciprocal, Arg::f32(1 / a.scale));
  const LocalTensor products = p.scratch(kProducts, Prec::F32, p.out.dims);
  p.e.ar(ArOp::Mul, products, exps.at(0, 0, 0, 0, p.out.dims), share);
  if (a.zero != 0) p.e.ar(ArOp::Add, products, products, Arg::f32(static_cast<float>(a.zero)));
  p.e.unary(ArOp::Cast, p.out, products, {.out_signed = a.to == DType::I8});
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const LineLayout l = layout(op);
  const Shape4 step = part_of(l, t.region).extent;
  const LocalTensor in = t.input(0, t.region), out = t.output();
  const std::span<const uint32_t> copies(t.scratch.data(), kTableCopies);
  GatherTable table(t.input(1, whole(kTableView)), copies);
  for (int64_t n = 0; n < in.dims[0]; n += step[0])
    for (int64_t c = 0; c < in.dims[1]; c += step[1]) {
      const Shape4 d{std::min(step[0], in.dims[0] - n), std::min(step[1], in.dims[1] - c), in.dims[2], in.dims[3]};
      emit_part({op, t, l, table, in.at(n, c, 0, 0, d), out.at(n, c, 0, 0, d), e});
    }
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
