// Merging of axes and their assignment to N, C, H and W.
#include "backends/bm1684x/kernels/eltwise_views.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "backends/bm1684x/kernels/eltwise_matrices.h"

namespace tpuc::bm1684x {

namespace {

// Adjacent axes of the output that each operand either has in full or repeats.
struct Axis {
  int64_t extent = 1;
  std::vector<bool> full;  // per operand
};

// A slot of the view: `extent` steps along an axis, `unit` elements of that axis apart. extent 1: unused.
struct Piece {
  size_t axis = 0;
  int64_t extent = 1, unit = 1;
};
using Pieces = std::array<Piece, 4>;  // N C H W

constexpr int64_t kColumnLimit = 4096;  // a vector up to this length lies with one element per lane and row

Dims padded(const Dims& d, size_t rank) {
  Dims p(rank, 1);
  std::copy(d.begin(), d.end(), p.end() - static_cast<std::ptrdiff_t>(d.size()));
  return p;
}

Axis axis_at(const Dims& out, std::span<const Dims> in, size_t i) {
  Axis a{out[i], {}};
  for (const Dims& d : in) a.full.push_back(d[i] == out[i]);
  return a;
}

// Axes [first, last) as one; nothing when an operand has some of them only.
std::optional<Axis> group(const Dims& out, std::span<const Dims> in, size_t first, size_t last) {
  std::optional<Axis> all;
  for (size_t i = first; i < last; ++i) {
    if (out[i] == 1) continue;
    const Axis a = axis_at(out, in, i);
    if (!all) {
      all = a;
    } else {
      if (all->full != a.full) return std::nullopt;
      all->extent *= a.extent;
    }
  }
  return all ? all : Axis{1, std::vector<bool>(in.size(), true)};
}

std::vector<Axis> merged(const Dims& out, std::span<const Dims> in) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 1) continue;
    Axis a = axis_at(out, in, i);
    if (!axes.empty() && axes.back().full == a.full)
      axes.back().extent *= a.extent;
    else
      axes.push_back(std::move(a));
  }
  return axes;
}

View view_of(const std::vector<Axis>& axes, const Pieces& pieces, std::optional<size_t> operand) {
  std::vector<int64_t> stride(axes.size(), 0);
  int64_t step = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    if (operand && !axes[i].full[*operand]) continue;
    stride[i] = step;
    step *= axes[i].extent;
  }
  View v;
  for (size_t s = 0; s < 4; ++s) {
    const Piece& p = pieces[s];
    if (p.extent == 1 || (operand && !axes[p.axis].full[*operand])) continue;
    v.dims[s] = p.extent;
    v.strides[s] = stride[p.axis] * p.unit;
  }
  if (v.dims[3] == 1) v.strides[3] = 1;
  return normalized(v);
}

bool fits(const Pieces& p) {
  return std::all_of(p.begin(), p.end(), [](const Piece& x) { return x.extent <= kMaxDim; });
}

// One axis into a pair of slots, the outer one first.
void split_into(Pieces& p, size_t axis, int64_t extent, size_t outer, size_t inner) {
  const Split s = split_count(extent);
  p[outer] = {axis, s.channels, s.width};
  p[inner] = {axis, s.width, 1};
}

// Rows in lanes where they fill them; a long axis over two slots.
Pieces assign_two(int64_t rows, int64_t columns) {
  Pieces p;
  const bool rows_in_lanes = rows >= kLanes / 2 || columns < kLanes;
  if (rows > kMaxDim && split_count(rows).width <= kMaxDim) {
    split_into(p, 0, rows, 0, 1);
    p[3] = {1, columns, 1};
  } else if (rows > kMaxDim || (rows_in_lanes && columns <= kMaxDim)) {
    p[1] = {0, rows, 1};
    p[3] = {1, columns, 1};
  } else {
    p[0] = {0, rows, 1};
    split_into(p, 1, columns, 1, 3);
  }
  return p;
}

std::optional<Pieces> assign(const std::vector<Axis>& axes) {
  Pieces p;
  const auto extent = [&](size_t i) { return axes[i].extent; };
  if (axes.size() > 4) return std::nullopt;
  if (axes.size() == 1) {
    if (extent(0) <= kColumnLimit)
      p[1] = {0, extent(0), 1};
    else
      split_into(p, 0, extent(0), 1, 3);
  } else if (axes.size() == 2) {
    p = assign_two(extent(0), extent(1));
  } else if (axes.size() == 3) {
    const bool middle = extent(1) >= kLanes / 2 || extent(1) >= extent(0);
    p[middle ? 0 : 1] = {0, extent(0), 1};
    p[middle ? 1 : 2] = {1, extent(1), 1};
    p[3] = {2, extent(2), 1};
  } else {
    for (size_t i = 0; i < axes.size(); ++i) p[i] = {i, extent(i), 1};
  }
  return p;
}

struct Assigned {
  std::vector<Axis> axes;
  Pieces pieces;
};

std::optional<Assigned> natural(const Dims& out, std::span<const Dims> in) {
  if (out.size() != 4) return std::nullopt;
  Assigned r;
  for (size_t i = 0; i < 4; ++i) {
    r.axes.push_back(axis_at(out, in, i));
    r.pieces[i] = {i, out[i], 1};
  }
  return fits(r.pieces) ? std::optional(r) : std::nullopt;
}

// Rows in lanes, as matrix products see them.
std::optional<Assigned> by_rows(const Dims& out, std::span<const Dims> in) {
  if (out.size() < 2 || out.back() < kLanes / 4 || out.back() > kMaxDim) return std::nullopt;
  const auto rows = group(out, in, 0, out.size() - 1), row = group(out, in, out.size() - 1, out.size());
  if (!rows || !row || rows->extent < kLanes / 2 || rows->extent > kMaxDim) return std::nullopt;
  Assigned r{{*rows, *row}, {}};
  r.pieces[1] = {0, rows->extent, 1};
  r.pieces[3] = {1, row->extent, 1};
  return r;
}

std::optional<Assigned> choose(const Dims& out, std::span<const Dims> in) {
  if (auto r = natural(out, in)) return r;
  if (auto r = by_rows(out, in)) return r;
  Assigned r{merged(out, in), {}};
  const auto pieces = assign(r.axes);
  if (!pieces) return std::nullopt;
  r.pieces = *pieces;
  return r;
}

}  // namespace

View normalized(const View& v) {
  const View plain = row_major(v.dims);
  for (size_t i = 0; i < 4; ++i)
    if (v.dims[i] > 1 && v.strides[i] != plain.strides[i]) return v;
  return plain;
}

Split split_count(int64_t count) {
  std::optional<Split> best;
  int64_t best_cost = 0;
  const auto consider = [&](int64_t c) {
    if (c > kMaxDim || count / c > kMaxDim) return;
    const int64_t cost = ceil_div(c, kLanes) * ceil_div(count / c, kLanes / 4);
    if (best && (cost > best_cost || (cost == best_cost && c > best->channels))) return;
    best = Split{c, count / c};
    best_cost = cost;
  };
  for (int64_t c = 1; c * c <= count; ++c) {
    if (count % c != 0) continue;
    consider(c);
    consider(count / c);
  }
  return best.value_or(Split{1, count});
}

std::optional<Views> broadcast_views(const Dims& out, std::span<const Dims* const> in) {
  std::vector<Dims> present;
  for (const Dims* d : in)
    if (d != nullptr) present.push_back(padded(*d, out.size()));
  const auto a = choose(out, present);
  if (!a) return std::nullopt;
  Views v;
  size_t k = 0;
  for (const Dims* d : in) v.in.push_back(d == nullptr ? View{} : view_of(a->axes, a->pieces, k++));
  v.out = view_of(a->axes, a->pieces, std::nullopt);
  return v;
}

View plain_view(const Dims& dims) { return broadcast_views(dims, {}).value().out; }

Need broadcast_need(const View& in, const View& out_view, const Region& out) {
  Need n{Need::Kind::Box, out};
  for (size_t i = 0; i < 4; ++i) {
    if (in.dims[i] != 1) continue;
    n.box.begin[i] = 0;
    n.box.extent[i] = 1;
  }
  if (in.dims[1] == 1 && out_view.dims[1] > 1) n.kind = Need::Kind::Shared;
  return n;
}

bool is_chip_float(DType t) { return t == DType::F32 || t == DType::F16 || t == DType::BF16; }

Support one_operand_support(const Op& op, DType) {
  const TensorType& x = op.in(0)->type;
  if (!is_float(x.dtype))
    return {false, fmt::format("elements are {}, the kernel computes on floats", to_string(x.dtype))};
  return {};
}

View result_view(const Op& op) {
  const Dims& d = op.out(0)->type.dims;
  const auto m = follows_matrices(op) ? as_matrices(d, {}) : std::nullopt;
  return plain_view(m ? m->out : d);
}

Views one_operand_views(const Op& op) {
  Views v;
  v.in.resize(op.in().size());
  v.in[0] = v.out = result_view(op);
  return v;
}

Axes all_axes(const Op&) { return {}; }

std::vector<Need> one_operand_needs(const Op& op, const Region& out) {
  std::vector<Need> n(op.in().size());
  n[0] = {Need::Kind::Box, out};
  return n;
}

}  // namespace tpuc::bm1684x
