// gather along one axis: constant indices as copies of evenly spaced runs, others by the engine's gather, as are single
// elements; scatter of rows. Indices computed at run time are wrapped before they come here (rules wrap-gather-index
// and its siblings); longer axes than the engine counts are parts (decompositions of the operators).
//   source: GDMA.md section 5
#include "backends/bm1684x/kernels/move_index.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/kernels/move_copy.h"
#include "ops/gather.h"

namespace tpuc::bm1684x {

namespace {

constexpr size_t kMaxRuns = 64;  // copies beyond this cost more commands than one gather
constexpr int64_t kIndexBytes = 4;

uint64_t forward(uint64_t addr, int64_t elements, int64_t bytes) {
  return addr + static_cast<uint64_t>(elements * bytes);
}

// Indices and rows are compared in 16 bits of size.
Support rows_support(int64_t rows) {
  if (rows <= kMaxDim) return {};
  return {false, fmt::format("an axis of {} is indexed, the engine counts to 65535 (GDMA.md section 4)", rows)};
}

// x as [outer, axis, inner], y as [outer, count, inner].
struct Shape {
  int64_t outer = 1, size = 1, inner = 1, count = 1;
};
Shape shape_of(const Op& op) {
  const Dims& x = op.in(0)->type.dims;
  const auto axis = static_cast<size_t>(op.attrs<ops::Gather>().axis);
  Shape s;
  for (size_t i = 0; i < axis; ++i) s.outer *= x[i];
  s.size = x[axis];
  for (size_t i = axis + 1; i < x.size(); ++i) s.inner *= x[i];
  s.count = element_count(op.in(1)->type);
  return s;
}

// Output rows [at, at + count) come from input rows first, first + step, ...
struct Run {
  int64_t at, count, first, step;
};
std::vector<Run> runs(const Op& op) {
  const Shape s = shape_of(op);
  std::vector<Run> all;
  int64_t at = 0;
  for (int64_t index : op.in(1)->tensor().to_i64()) {
    if (index < 0) index += s.size;
    Run* last = all.empty() ? nullptr : &all.back();
    const int64_t step = last == nullptr ? 0 : index - (last->first + (last->count - 1) * last->step);
    if (last != nullptr && step >= 0 && (last->count == 1 || step == last->step)) {
      last->step = step;
      ++last->count;
    } else {
      all.push_back({at, 1, index, 0});
    }
    ++at;
  }
  return all;
}

bool has_negative(const Tensor& indices) {
  const auto v = indices.to_i64();
  return std::any_of(v.begin(), v.end(), [](int64_t i) { return i < 0; });
}

// Which way: copies, or one command with the index tensor in DDR.
bool by_copies(const Op& op) {
  return op.in(1)->is_constant() && (runs(op).size() <= kMaxRuns || has_negative(op.in(1)->tensor()));
}

Support supports(const Op& op, DType precision) {
  if (Support s = move_support(op, precision); !s.ok) return s;
  const Shape s = shape_of(op);
  if (by_copies(op)) {
    for (const Run& r : runs(op))
      if (r.first < 0 || r.first + (r.count - 1) * r.step >= s.size)
        return {false, fmt::format("an index lies outside the axis of {}", s.size)};
    return {};
  }
  return rows_support(s.size);
}

// One command for each box of outer axes, indices and elements that size fields hold.
void gather_rows(const Op& op, const DdrCtx& t, Emitter& e) {
  const Shape s = shape_of(op);
  const int64_t bytes = elem_bytes(op);
  for (int64_t o = 0; o < s.outer; o += kMaxDim)
    for (int64_t k = 0; k < s.count; k += kMaxDim)
      for (int64_t i = 0; i < s.inner; i += kMaxDim) {
        const int64_t outer = std::min(kMaxDim, s.outer - o), count = std::min(kMaxDim, s.count - k),
                      inner = std::min(kMaxDim, s.inner - i);
        const DdrTensor out{forward(t.out, (o * s.count + k) * s.inner + i, bytes),
                            bytes,
                            {1, outer, count, inner},
                            {0, s.count * s.inner, s.inner, 1}};
        const DdrTensor in{forward(t.in[0], o * s.size * s.inner + i, bytes),
                           bytes,
                           {1, outer, s.size, inner},
                           {0, s.size * s.inner, s.inner, 1}};
        e.ddr_gather(out, in, forward(t.in[1], k, kIndexBytes), count);
      }
}

void emit(const Op& op, const DdrCtx& t, Emitter& e) {
  const Shape s = shape_of(op);
  const int64_t bytes = elem_bytes(op);
  if (!by_copies(op)) return gather_rows(op, t, e);
  for (const Run& r : runs(op))
    copy_nd({{s.outer, r.count, s.inner}, {s.count * s.inner, s.inner, 1}, {s.size * s.inner, r.step * s.inner, 1}},
            forward(t.out, r.at * s.inner, bytes), forward(t.in[0], r.first * s.inner, bytes), bytes, e);
}

// x as [outer, size], indices and y as [outer, count].
Support elements_support(const Op& op, DType precision) {
  if (Support s = move_support(op, precision); !s.ok) return s;
  const Dims &x = op.in(0)->type.dims, &y = op.out(0)->type.dims;
  if (op.attrs<ops::GatherElements>().axis != static_cast<int64_t>(x.size()) - 1 ||
      !std::equal(x.begin(), x.end() - 1, y.begin()))
    return {false, "elements are picked along another axis than the last, or from a part of the others"};
  return rows_support(x.back());
}

void emit_elements(const Op& op, const DdrCtx& t, Emitter& e) {
  const Dims &x = op.in(0)->type.dims, &y = op.out(0)->type.dims;
  const int64_t bytes = elem_bytes(op), size = x.back(), count = y.back(), outer = element_count(y) / count;
  for (int64_t at = 0; at < outer; at += kMaxDim)
    for (int64_t k = 0; k < count; k += kMaxDim) {
      const int64_t rows = std::min(kMaxDim, outer - at), picked = std::min(kMaxDim, count - k);
      const DdrTensor out{forward(t.out, at * count + k, bytes), bytes, {1, rows, picked, 1}, {0, count, 1, 1}};
      const DdrTensor in{forward(t.in[0], at * size, bytes), bytes, {1, rows, size, 1}, {0, size, 1, 1}};
      e.ddr_gather(out, in, forward(t.in[1], at * count + k, kIndexBytes), picked, count);
    }
}

// x as [size, inner], updates as [count, inner], one index per update.
Support scatter_support(const Op& op, DType precision) {
  if (Support s = move_support(op, precision); !s.ok) return s;
  if (op.attrs<ops::ScatterNd>().kind != ops::ScatterKind::Replace)
    return {false, "the engine's scatter replaces rows, it does not combine them"};
  if (op.in(1)->type.dims.back() != 1) return {false, "an index has more than one coordinate"};
  const Dims& x = op.out(0)->type.dims;
  return rows_support(x[0]);
}

void emit_scatter(const Op& op, const DdrCtx& t, Emitter& e) {
  const Dims& x = op.out(0)->type.dims;
  const int64_t bytes = elem_bytes(op), inner = element_count(x) / x[0], count = element_count(op.in(1)->type);
  copy_nd({{element_count(x)}, {1}, {1}}, t.out, t.in[0], bytes, e);
  for (int64_t k = 0; k < count; k += kMaxDim)  // in order: of updates of one row the last one counts
    for (int64_t i = 0; i < inner; i += kMaxDim) {
      const int64_t updates = std::min(kMaxDim, count - k), width = std::min(kMaxDim, inner - i);
      e.ddr_scatter({forward(t.out, i, bytes), bytes, {1, 1, x[0], width}, {0, 0, inner, 1}},
                    {forward(t.in[2], k * inner + i, bytes), bytes, {1, 1, updates, width}, {0, 0, inner, 1}},
                    forward(t.in[1], k, kIndexBytes), updates);
    }
}

}  // namespace

Kernel gather_elements_kernel() { return ddr_kernel(ops::GatherElements::kName, elements_support, emit_elements); }
Kernel scatter_kernel() { return ddr_kernel(ops::ScatterNd::kName, scatter_support, emit_scatter); }
Kernel gather_kernel() { return ddr_kernel(ops::Gather::kName, supports, emit); }

}  // namespace tpuc::bm1684x
