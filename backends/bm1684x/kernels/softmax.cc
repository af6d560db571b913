// softmax and log_softmax along any axis, in f32 (halves widened once, rounded once).   source: COOKBOOK.md section 4
// Absolute error 2e-7, relative to it 4e-6 for the smallest shares; coarse exp for halves, below half a unit of f16.
// Coarse ones: absolute error 1e-3, a quarter of an 8-bit step.
#include "ops/softmax.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_math.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/reduce_axes.h"
#include "backends/bm1684x/kernels/softmax_layout.h"
#include "backends/bm1684x/kernels/softmax_table.h"

namespace tpuc::bm1684x {

namespace {

using Buf = FloatMath::Buf;

constexpr uint32_t kMinusInfinity = 0xFF800000;
constexpr size_t kSmall = 4;  // scratch tensors of one value per row

int64_t axis_of(const Op& op) {
  return op.is<ops::Softmax>() ? op.attrs<ops::Softmax>().axis : op.attrs<ops::LogSoftmax>().axis;
}
LineLayout layout(const Op& op) { return line_layout(op, axis_of(op)).value(); }

Support supports(const Op& op, DType) {
  if (!is_float(op.in(0)->type.dtype)) return {false, fmt::format("elements are {}", to_string(op.in(0)->type.dtype))};
  return line_support(op, axis_of(op));
}

Views views(const Op& op) {
  const View v = layout(op).view;
  return {{v}, v};
}

Axes axes(const Op& op) { return line_axes(layout(op)); }

Shape4 work_dims(const Op& op, const Region& out) { return padded_lines(layout(op), out); }
Shape4 small_dims(const Op& op, const Region& out) { return one_per_line(layout(op), out); }

bool is_fine(const Op& op) { return op.out(0)->type.dtype == DType::F32; }
bool is_log(const Op& op) { return op.is<ops::LogSoftmax>(); }
bool is_coarse(const Op& op) { return !is_log(op) && op.attrs<ops::Softmax>().coarse; }

TableImage tables(const Op& op) {
  TableImage t{{is_coarse(op) ? Poly::Exp2Half : is_fine(op) ? Poly::Exp2Fine : Poly::Exp2Coarse}};
  if (is_log(op)) t.tables.push_back(Poly::Log);
  return t;
}

// Work tensors first (log: one more, the differences stay), then small ones, then one for reductions.
size_t work_count(const Op& op) { return is_log(op) ? 5 : 4; }

Footprint footprint(const Op& op, const Region& out) {
  Footprint f;
  f.scratch.assign(work_count(op), aligned_bytes(Prec::F32, work_dims(op, out)));
  f.scratch.insert(f.scratch.end(), kSmall, aligned_bytes(Prec::F32, small_dims(op, out)));
  f.scratch.push_back(reduce_scratch_bytes(Prec::F32, work_dims(op, out)));
  f.image_bytes = tables(op).lane_bytes();
  return f;
}

std::vector<std::byte> pack(const Op& op, const Region&) { return tables(op).pack(); }

// x in f32, rows padded with minus infinity. Where it is so already, no copy is made.
Buf load(const Op& op, const TileCtx& t, FloatMath& work, Emitter& e) {
  const LocalTensor in = t.input(0, t.region);
  const int64_t length = in.dims[3], padded = work_dims(op, t.region)[3];
  if (padded == length && in.prec == Prec::F32 && in.is_aligned()) return Buf(in);
  Buf x = work.take();
  const Shape4 tail{in.dims[0], in.dims[1], in.dims[2], padded - length};
  if (padded > length && layout(op).in_rows) e.fill((*x).at(0, 0, 0, length, tail), kMinusInfinity);
  const LocalTensor inside = (*x).at(0, 0, 0, 0, in.dims);
  if (in.prec == Prec::F32)
    e.copy(inside, in);
  else
    e.cast(inside, in);
  return x;
}

void store(const LocalTensor& out, const Arg& a, ArOp op, const Arg& b, FloatMath& work, Emitter& e) {
  Arg first = a;
  first.tensor = first.tensor.at(0, 0, 0, 0, out.dims);
  if (out.prec == Prec::F32) return e.ar(op, out, first, b);
  const Buf r = work.take();
  const LocalTensor inside = (*r).at(0, 0, 0, 0, out.dims);
  e.ar(op, inside, first, b);
  e.cast(out, inside);
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const TableImage image = tables(op);
  const std::span<const uint32_t> scratch(t.scratch);
  FloatMath work(e, scratch.first(work_count(op)), work_dims(op, t.region), image, t.image, is_fine(op));
  FloatMath small(e, scratch.subspan(work_count(op), kSmall), small_dims(op, t.region), image, t.image, !is_coarse(op));
  const uint32_t reduce_at = t.scratch.back();
  Buf shifted;
  {
    const Buf x = load(op, t, work, e);
    const Buf highest = small.take();
    reduce_axes(RowKind::Max, *highest, *x, 1, reduce_at, e);
    shifted = work.sub(x, highest);
  }
  Buf sum = small.take();
  if (is_log(op)) {
    {
      const Buf p = work.share(Buf(*shifted));
      reduce_axes(RowKind::Sum, *sum, *p, 1, reduce_at, e);
    }
    const Buf log = small.log(std::move(sum));
    return store(t.output(), shifted, ArOp::Sub, log, work, e);
  }
  const Buf p = is_coarse(op) ? work.half_share(std::move(shifted)) : work.share(std::move(shifted));
  reduce_axes(RowKind::Sum, *sum, *p, 1, reduce_at, e);
  const Buf share = small.reciprocal(std::move(sum));
  store(t.output(), p, ArOp::Mul, share, work, e);
}

Kernel kernel(std::string_view name) {
  return {.op = name,
          .supports = supports,
          .views = views,
          .axes = axes,
          .needs = one_operand_needs,
          .footprint = footprint,
          .pack = pack,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> softmax_kernels() {
  static const Kernel kTable[] = {kernel(ops::Softmax::kName), kernel(ops::LogSoftmax::kName), table_softmax_kernel()};
  return kTable;
}

}  // namespace tpuc::bm1684x
