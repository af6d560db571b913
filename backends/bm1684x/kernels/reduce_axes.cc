// Pooling over H uses all elements of a lane's row at once, pooling over W only one: W is folded into H where it
// divides.
#include "backends/bm1684x/kernels/reduce_axes.h"

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

void pool(RowKind kind, const LocalTensor& out, const LocalTensor& in, float factor, Emitter& e) {
  ConvArgs c;
  if (out.dims[2] != in.dims[2]) c.kernel_h = in.dims[2];
  if (out.dims[3] != in.dims[3]) c.kernel_w = in.dims[3];
  TPUC_CHECK(c.kernel_h <= kMostReduced && c.kernel_w <= kMostReduced, "a reduction over {} x {} elements", c.kernel_h,
             c.kernel_w);
  if (kind == RowKind::Sum) return e.average_pool(out, in, factor, c);
  c.pad_bits = 0;
  e.max_pool(out, in, c);
}

int64_t lane_elements(Prec p) { return kEuBytes / size_of(p); }

// A single row whose length fills the lane's units: the same bytes as rows of that length.
bool folds(Prec prec, const Shape4& in) {
  return in[2] == 1 && in[3] > lane_elements(prec) && in[3] % lane_elements(prec) == 0;
}

Shape4 folded(Prec prec, const Shape4& in) {
  if (!folds(prec, in)) return in;
  return {in[0], in[1], in[3] / lane_elements(prec), lane_elements(prec)};
}

}  // namespace

int64_t reduce_scratch_bytes(Prec prec, const Shape4& in) {
  Shape4 middle = folded(prec, in);
  middle[2] = 1;
  return aligned_bytes(prec, middle);
}

void reduce_axes(RowKind kind, const LocalTensor& out, const LocalTensor& in, float factor, uint32_t scratch,
                 Emitter& e) {
  const bool over_w = out.dims[3] != in.dims[3];
  const LocalTensor x = over_w ? aligned(in.addr, in.prec, folded(in.prec, in.dims)) : in;
  const bool over_h = out.dims[2] != x.dims[2];
  if (!over_h || !over_w) {
    if (!over_h && !over_w) return e.ar(ArOp::Mul, out, x, Arg::real(x.prec, kind == RowKind::Sum ? factor : 1.0));
    return pool(kind, out, x, factor, e);
  }
  Shape4 middle_dims = x.dims;
  middle_dims[2] = 1;
  const LocalTensor middle = aligned(scratch, x.prec, middle_dims);
  pool(kind, middle, x, 1.0f, e);
  pool(kind, out, middle, factor, e);
}

}  // namespace tpuc::bm1684x
