// max_pool2d and avg_pool2d on the pooling unit.   source: TIU.md section 5, CYCLES.md section 2
// Max: exact in every type. Average: halves are widened in local memory (the unit rounds at every step) and rounded
// once. A window of several rows and columns is pooled over rows, then over columns, where that is fewer cycles.
#include "ops/pool.h"

#include <fmt/core.h>

#include <cstring>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/conv_window.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

namespace {

struct Geometry {
  Window h, w;
  Shape4 in, out;
  bool is_max = false;
  DType type = DType::F32;
  bool is_even = true;  // averages: every window counts as many elements as the first
  int64_t first_count = 1;
};

Shape4 shape4(const Value* v) {
  const Dims& d = v->type.dims;
  return {d[0], d[1], d[2], d[3]};
}

// A stride that is never taken would only leave the command's range; it still must lead behind the input.
template <class A>
Window window(const A& a, size_t axis, int64_t out_size) {
  const int64_t stride = out_size == 1 ? std::min(a.strides[axis], kMaxConvStep) : a.strides[axis];
  return {a.kernel[axis], stride, a.dilations[axis], a.pads[axis], a.pads[axis + 2]};
}

template <class A>
Geometry geometry_of(const Op& op, const A& a) {
  Geometry g;
  g.in = shape4(op.in(0));
  g.out = shape4(op.out(0));
  g.type = op.in(0)->type.dtype;
  g.h = window(a, 0, g.out[2]);
  g.w = window(a, 1, g.out[3]);
  return g;
}

// Elements that an average divides by, along one axis.
int64_t count_at(const Op& op, size_t axis, int64_t out) {
  return ops::avg_pool_count(op.attrs<ops::AvgPool2d>(), axis, op.in(0)->type.dims[axis + 2], out);
}

// Only windows at the ends reach into padding, which is shorter than 16.
bool counts_alike(const Op& op, size_t axis) {
  const int64_t size = op.out(0)->type.dims[axis + 2], end = std::min(size, kMaxConvStep + 1);
  for (int64_t i = 0; i < end; ++i)
    if (count_at(op, axis, i) != count_at(op, axis, 0) || count_at(op, axis, size - 1 - i) != count_at(op, axis, 0))
      return false;
  return true;
}

Geometry geometry(const Op& op) {
  if (op.is<ops::MaxPool2d>()) {
    Geometry g = geometry_of(op, op.attrs<ops::MaxPool2d>());
    g.is_max = true;
    return g;
  }
  const auto& a = op.attrs<ops::AvgPool2d>();
  Geometry g = geometry_of(op, a);
  g.is_even = counts_alike(op, 0) && counts_alike(op, 1);
  g.first_count = count_at(op, 0, 0) * count_at(op, 1, 0);
  return g;
}

Support axis_support(const Window& w, std::string_view axis, int64_t in_size, int64_t out_size) {
  if (w.stride > kMaxConvStep)
    return {false, fmt::format("{} stride {} exceeds 15 (TIU.md section 4)", axis, w.stride)};
  if (w.dilation > kMaxConvStep)
    return {false, fmt::format("{} dilation {} exceeds 15 (TIU.md section 4)", axis, w.dilation)};
  if (out_size == 1 && in_size + w.pad_before + w.pad_after - w.reach() >= w.stride)
    return {false, fmt::format("one {} window of {} leaves more than 14 elements of {} out", axis, w.reach(), in_size)};
  for (const int64_t pad : {w.pad_before, w.pad_after}) {
    if (pad > kMaxConvStep) return {false, fmt::format("{} padding {} exceeds 15 (TIU.md section 4)", axis, pad)};
    if (pad < 0 || pad >= w.reach())
      return {false, fmt::format("{} padding {} against a window of {}", axis, pad, w.reach())};
  }
  return {};
}

Support supports(const Op& op, DType) {
  const DType t = op.in(0)->type.dtype;
  const bool is_byte = t == DType::I8 || t == DType::U8;
  if (!is_float(t) && !(is_byte && op.is<ops::MaxPool2d>()))
    return {false, fmt::format("elements are {}", to_string(t))};
  const Geometry g = geometry(op);
  if (Support s = axis_support(g.h, "h", g.in[2], g.out[2]); !s.ok) return s;
  return axis_support(g.w, "w", g.in[3], g.out[3]);
}

Views views(const Op& op) { return {{row_major(shape4(op.in(0)))}, row_major(shape4(op.out(0)))}; }

struct Part {
  WindowNeed h, w;
  Shape4 in, middle, out;  // extents: input, pooled over rows only, result
};
Part part_of(const Geometry& g, const Region& out) {
  Part p{window_need(g.h, g.in[2], g.out[2], out.begin[2], out.extent[2]),
         window_need(g.w, g.in[3], g.out[3], out.begin[3], out.extent[3]), out.extent, out.extent, out.extent};
  p.in[2] = p.h.count;
  p.in[3] = p.middle[3] = p.w.count;
  return p;
}

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const Part p = part_of(g, out);
  return {{Need::Kind::Box, {{out.begin[0], out.begin[1], p.h.begin, p.w.begin}, p.in}}};
}

// Cycles per channel row. source: CYCLES.md section 2
int64_t cycles(const Window& h, const Window& w, int64_t oh, int64_t ow, int64_t elem_bytes) {
  const int64_t eus = kEuBytes / elem_bytes;
  const int64_t steps = h.kernel == 1 ? oh * ceil_div(ow, eus) : ceil_div(oh * ow, eus);
  return h.kernel * w.kernel * steps * (h.stride >= 2 && w.stride >= 2 ? 3 : 1);
}

// Sums must not depend on how the operator is cut: averages, which are f32, ask for the whole one.
bool in_two_passes(const Geometry& g, const Part& p) {
  if (g.h.kernel == 1 || g.w.kernel == 1) return false;
  const int64_t bytes = g.is_max ? size_bytes(g.type) : 4;
  const Shape4& out = g.is_max ? p.out : g.out;
  const int64_t middle_columns = g.is_max ? p.middle[3] : g.in[3];
  return cycles(g.h, {}, out[2], middle_columns, bytes) + cycles({}, g.w, out[2], out[3], bytes) <
         cycles(g.h, g.w, out[2], out[3], bytes);
}

// Scratch 0: the pass over rows. Averages of halves: 1 the widened input, 2 the result in f32.
Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const Part p = part_of(g, out);
  const Prec prec = prec_of(op.out(0)->type.dtype);
  const bool widens = !g.is_max && prec != Prec::F32;
  Footprint f;
  f.scratch.push_back(in_two_passes(g, p) ? aligned_bytes(widens ? Prec::F32 : prec, p.middle) : 0);
  if (widens) {
    f.scratch.push_back(aligned_bytes(Prec::F32, p.in));
    f.scratch.push_back(aligned_bytes(Prec::F32, p.out));
  }
  if (!g.is_max && !g.is_even) {
    f.image_bytes = 4 * (out.extent[2] + out.extent[3]);
    f.image_follows_tile = true;
  }
  return f;
}

// Reciprocals of the counts: one f32 per row of the region, then one per column, the same in all lanes.
std::vector<std::byte> pack(const Op& op, const Region& out) {
  std::vector<float> lane;
  const auto put = [&](int64_t count) { lane.push_back(count == 0 ? 0.0f : 1.0f / static_cast<float>(count)); };
  for (int64_t i = 0; i < out.extent[2]; ++i) put(count_at(op, 0, out.begin[2] + i));
  for (int64_t i = 0; i < out.extent[3]; ++i) put(count_at(op, 1, out.begin[3] + i));
  const size_t bytes = lane.size() * sizeof(float);
  std::vector<std::byte> image(bytes * static_cast<size_t>(kLanes));
  for (size_t k = 0; k < static_cast<size_t>(kLanes); ++k) std::memcpy(image.data() + k * bytes, lane.data(), bytes);
  return image;
}

uint32_t lowest_bits(DType t) {
  if (t == DType::I8) return 0x80;
  if (t == DType::U8) return 0;
  return t == DType::F16 ? 0xFC00 : t == DType::BF16 ? 0xFF80 : 0xFF800000;
}

// One command; `factor` for averages.
void pool(const Geometry& g, const LocalTensor& out, const LocalTensor& in, ConvArgs c, float factor, Emitter& e) {
  if (!g.is_max) return e.average_pool(out, in, factor, c);
  c.pad_bits = lowest_bits(g.type);
  c.in_signed = g.type != DType::U8;
  e.max_pool(out, in, c);
}

void pool_window(const Geometry& g, const Part& p, const LocalTensor& out, const LocalTensor& in, uint32_t middle_at,
                 double factor, Emitter& e) {
  ConvArgs rows, columns;
  rows.kernel_h = g.h.kernel, rows.stride_h = g.h.stride, rows.dilation_h = g.h.dilation;
  rows.pad_top = p.h.pad_before, rows.pad_bottom = p.h.pad_after;
  columns.kernel_w = g.w.kernel, columns.stride_w = g.w.stride, columns.dilation_w = g.w.dilation;
  columns.pad_left = p.w.pad_before, columns.pad_right = p.w.pad_after;
  if (!in_two_passes(g, p)) {
    ConvArgs both = rows;
    both.kernel_w = columns.kernel_w, both.stride_w = columns.stride_w, both.dilation_w = columns.dilation_w;
    both.pad_left = columns.pad_left, both.pad_right = columns.pad_right;
    return pool(g, out, in, both, static_cast<float>(factor), e);
  }
  Shape4 middle_dims = out.dims;
  middle_dims[3] = in.dims[3];
  const LocalTensor middle = aligned(middle_at, in.prec, middle_dims);
  pool(g, middle, in, rows, 1.0f, e);
  pool(g, out, middle, columns, static_cast<float>(factor), e);
}

LocalTensor in_lanes(uint32_t addr, const Shape4& dims) {
  LocalTensor t = compact(addr, Prec::F32, dims);
  t.shared = true;
  t.strides[0] = t.strides[1] = 0;
  return t;
}

void divide_by_counts(const LocalTensor& sums, const TileCtx& t, Emitter& e) {
  const int64_t rows = t.region.extent[2], columns = t.region.extent[3];
  e.ar(ArOp::Mul, sums, sums, in_lanes(t.image, {1, 1, rows, 1}));
  e.ar(ArOp::Mul, sums, sums, in_lanes(t.image + static_cast<uint32_t>(4 * rows), {1, 1, 1, columns}));
}

void emit_average(const Geometry& g, const Part& p, const TileCtx& t, const LocalTensor& out, const LocalTensor& in,
                  Emitter& e) {
  const bool widens = in.prec != Prec::F32;
  LocalTensor x = in, y = out;
  if (widens) {
    x = aligned(t.scratch[1], Prec::F32, in.dims);
    y = aligned(t.scratch[2], Prec::F32, out.dims);
    e.cast(x, in);
  }
  const double factor = g.is_even ? 1.0 / static_cast<double>(g.first_count) : 1.0;
  pool_window(g, p, y, x, t.scratch[0], factor, e);
  if (!g.is_even) divide_by_counts(y, t, e);
  if (widens) e.cast(out, y);
}

// A part of a larger tensor is aligned batch by batch only.
void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = geometry(op);
  const Part p = part_of(g, t.region);
  const LocalTensor in = t.input(0, needs(op, t.region)[0].box), out = t.output();
  const bool whole_batch = in.is_aligned() && out.is_aligned();
  const int64_t count = whole_batch ? in.dims[0] : 1;
  for (int64_t n = 0; n < in.dims[0]; n += count) {
    const LocalTensor x = in.at(n, 0, 0, 0, {count, in.dims[1], in.dims[2], in.dims[3]});
    const LocalTensor y = out.at(n, 0, 0, 0, {count, out.dims[1], out.dims[2], out.dims[3]});
    if (g.is_max)
      pool_window(g, p, y, x, t.scratch[0], 1.0, e);
    else
      emit_average(g, p, t, y, x, e);
  }
}

Kernel kernel(std::string_view name) {
  return {.op = name,
          .supports = supports,
          .views = views,
          .axes = all_axes,
          .needs = needs,
          .footprint = footprint,
          .pack = pack,
          .emit = emit};
}

}  // namespace

std::span<const Kernel> pool_kernels() {
  static const Kernel kTable[] = {kernel(ops::MaxPool2d::kName), kernel(ops::AvgPool2d::kName)};
  return kTable;
}

}  // namespace tpuc::bm1684x
