// Parts of tensors: a slice that is one run of memory is a view, a concat along the outermost axis is written in place
// by its producers; everything else is copied.
#include "backends/bm1684x/kernels/move_slice.h"

#include <algorithm>

#include "backends/bm1684x/kernels/move_copy.h"
#include "ops/slice.h"

namespace tpuc::bm1684x {

namespace {

uint64_t forward(uint64_t addr, int64_t elements, int64_t bytes) {
  return addr + static_cast<uint64_t>(elements * bytes);
}

int64_t first_element(const ops::Slice::Attrs& a, const Dims& strides) {
  int64_t first = 0;
  for (size_t i = 0; i < strides.size(); ++i) first += a.starts[i] * strides[i];
  return first;
}

// The elements taken lie one after the other: outer axes of length 1, then one axis in part, then whole axes.
bool is_run(const ops::Slice::Attrs& a, const Dims& in) {
  bool inner_is_whole = true;
  for (size_t i = in.size(); i-- > 0;) {
    if (a.sizes[i] == 1) {
      inner_is_whole = inner_is_whole && in[i] == 1;
      continue;
    }
    if (a.steps[i] != 1 || !inner_is_whole) return false;
    inner_is_whole = a.sizes[i] == in[i];
  }
  return true;
}

std::vector<Alias> view_of_slice(const Op& op) {
  const auto& a = op.attrs<ops::Slice>();
  const Dims& in = op.in(0)->type.dims;
  if (!is_run(a, in)) return {};
  return {Alias{0, first_element(a, row_major_strides(in)) * elem_bytes(op)}};
}

std::optional<Moved> moved_of_slice(const Op& op) {
  const auto& a = op.attrs<ops::Slice>();
  const Dims strides = row_major_strides(op.in(0)->type.dims);
  Moved m{first_element(a, strides), a.sizes, strides};
  for (size_t i = 0; i < strides.size(); ++i) {
    m.strides[i] *= a.steps[i];
    if (m.strides[i] < 0 && m.extents[i] > 1) return std::nullopt;
  }
  return m;
}

// The engine has no negative strides: an axis that runs backwards is copied element by element of that axis.
void copy_slice(NdCopy c, uint64_t out, uint64_t in, int64_t bytes, Emitter& e) {
  for (size_t i = 0; i < c.extents.size(); ++i) {
    if (c.in_strides[i] >= 0 || c.extents[i] == 1) continue;
    const int64_t count = c.extents[i], step = c.in_strides[i];
    c.extents[i] = 1;
    c.in_strides[i] = 0;
    for (int64_t k = 0; k < count; ++k)
      copy_slice(c, forward(out, k * c.out_strides[i], bytes), forward(in, k * step, bytes), bytes, e);
    return;
  }
  copy_nd(c, out, in, bytes, e);
}

void emit_slice(const Op& op, const DdrCtx& t, Emitter& e) {
  const auto& a = op.attrs<ops::Slice>();
  const Dims strides = row_major_strides(op.in(0)->type.dims);
  NdCopy c{a.sizes, row_major_strides(a.sizes), strides};
  for (size_t i = 0; i < strides.size(); ++i) c.in_strides[i] *= a.steps[i];
  copy_slice(c, t.out, forward(t.in[0], first_element(a, strides), elem_bytes(op)), elem_bytes(op), e);
}

// Elements of the output before input i's part of the first row.
std::vector<int64_t> part_offsets(const Op& op) {
  const auto axis = static_cast<size_t>(op.attrs<ops::Concat>().axis);
  const int64_t stride = row_major_strides(op.out(0)->type.dims)[axis];
  std::vector<int64_t> offsets;
  int64_t at = 0;
  for (const Value* v : op.in()) {
    offsets.push_back(at * stride);
    at += v->type.dims[axis];
  }
  return offsets;
}

std::vector<Alias> parts_of_concat(const Op& op) {
  const Dims& out = op.out(0)->type.dims;
  for (int64_t i = 0; i < op.attrs<ops::Concat>().axis; ++i)
    if (out[static_cast<size_t>(i)] != 1) return {};
  std::vector<Alias> parts;
  const auto offsets = part_offsets(op);
  for (size_t i = 0; i < offsets.size(); ++i) parts.push_back({i, offsets[i] * elem_bytes(op)});
  return parts;
}

// An input that already lies in its place is left alone.
void emit_concat(const Op& op, const DdrCtx& t, Emitter& e) {
  const Dims out_strides = row_major_strides(op.out(0)->type.dims);
  const auto offsets = part_offsets(op);
  for (size_t i = 0; i < offsets.size(); ++i) {
    const Dims& in = op.in(i)->type.dims;
    const uint64_t to = forward(t.out, offsets[i], elem_bytes(op));
    if (to == t.in[i]) continue;
    copy_nd({in, out_strides, row_major_strides(in)}, to, t.in[i], elem_bytes(op), e);
  }
}

// The element of an axis of length `size` that stands at position `at` outside of it.
int64_t source_index(ops::PadMode mode, int64_t at, int64_t size) {
  switch (mode) {
    case ops::PadMode::Reflect: {
      if (size == 1) return 0;
      const int64_t period = 2 * (size - 1), k = ((at % period) + period) % period;
      return k < size ? k : period - k;
    }
    case ops::PadMode::Wrap:
      return ((at % size) + size) % size;
    case ops::PadMode::Edge:
    case ops::PadMode::Constant:
      break;
  }
  return std::clamp<int64_t>(at, 0, size - 1);
}

// Grows the result axis by axis: each row outside is a copy of one inside, of the result itself.
void extend_axis(const Op& op, const DdrCtx& t, size_t axis, Emitter& e) {
  const auto& a = op.attrs<ops::Pad>();
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  const Dims strides = row_major_strides(out);
  NdCopy c{out, strides, strides};
  int64_t first = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (i == axis) c.extents[i] = 1;
    if (i >= axis) continue;
    c.extents[i] = in[i];
    first += a.begin[i] * strides[i];
  }
  for (int64_t at = -a.begin[axis]; at < in[axis] + a.end[axis]; ++at) {
    if (at >= 0 && at < in[axis]) continue;
    const int64_t from = source_index(a.mode, at, in[axis]);
    copy_nd(c, forward(t.out, first + (a.begin[axis] + at) * strides[axis], elem_bytes(op)),
            forward(t.out, first + (a.begin[axis] + from) * strides[axis], elem_bytes(op)), elem_bytes(op), e);
  }
}

// As the reference writes it: rounded, and saturated to integers.
uint32_t fill_bits(DType t, double value) {
  if (is_float(t)) return Arg::real(prec_of(t), value).bits;
  Tensor one(t, {1});
  one.assign_f64(std::span(&value, 1));
  return static_cast<uint32_t>(one.to_i64()[0]);
}

void emit_pad(const Op& op, const DdrCtx& t, Emitter& e) {
  const auto& a = op.attrs<ops::Pad>();
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  const Dims strides = row_major_strides(out);
  if (a.mode == ops::PadMode::Constant)
    fill_ddr(t.out, element_count(out), elem_bytes(op), fill_bits(op.out(0)->type.dtype, a.value), e);
  int64_t first = 0;
  for (size_t i = 0; i < out.size(); ++i) first += a.begin[i] * strides[i];
  copy_nd({in, strides, row_major_strides(in)}, forward(t.out, first, elem_bytes(op)), t.in[0], elem_bytes(op), e);
  if (a.mode == ops::PadMode::Constant) return;
  // Innermost first: when an axis is extended, the rows it copies are complete.
  for (size_t axis = out.size(); axis-- > 0;) extend_axis(op, t, axis, e);
}

}  // namespace

Kernel slice_kernel() {
  Kernel k = ddr_kernel(ops::Slice::kName, move_support, emit_slice);
  k.view_of = view_of_slice;
  k.moved_of = moved_of_slice;
  return k;
}

Kernel concat_kernel() {
  Kernel k = ddr_kernel(ops::Concat::kName, move_support, emit_concat);
  k.parts_of = parts_of_concat;
  return k;
}

Kernel pad_kernel() { return ddr_kernel(ops::Pad::kName, move_support, emit_pad); }

}  // namespace tpuc::bm1684x
