// reshape, permute, expand, tile, depth_to_space, space_to_depth; joins the other files of the family (move_*.cc).
// Bits are copied: exact in every type.
#include <numeric>

#include "backends/bm1684x/kernels/families.h"
#include "backends/bm1684x/kernels/move_copy.h"
#include "backends/bm1684x/kernels/move_index.h"
#include "backends/bm1684x/kernels/move_resize.h"
#include "backends/bm1684x/kernels/move_slice.h"
#include "ops/resize.h"
#include "ops/shape.h"

namespace tpuc::bm1684x {

namespace {

std::vector<Alias> same_memory(const Op&) { return {Alias{0, 0}}; }

void emit_reshape(const Op& op, const DdrCtx& t, Emitter& e) {
  copy_nd({{element_count(op.out(0)->type)}, {1}, {1}}, t.out, t.in[0], elem_bytes(op), e);
}

// Nothing moves when the axes longer than 1 keep their order.
std::vector<Alias> view_of_permute(const Op& op) {
  int64_t last = -1;
  for (const int64_t axis : op.attrs<ops::Permute>().order) {
    if (op.in(0)->type.dims[static_cast<size_t>(axis)] == 1) continue;
    if (axis < last) return {};
    last = axis;
  }
  return {Alias{0, 0}};
}

std::optional<Moved> moved_of_permute(const Op& op) {
  const Dims in_strides = row_major_strides(op.in(0)->type.dims);
  Moved m{0, op.out(0)->type.dims, {}};
  for (const int64_t axis : op.attrs<ops::Permute>().order) m.strides.push_back(in_strides[static_cast<size_t>(axis)]);
  return m;
}

void emit_permute(const Op& op, const DdrCtx& t, Emitter& e) {
  const Dims& out = op.out(0)->type.dims;
  copy_nd({out, row_major_strides(out), moved_of_permute(op)->strides}, t.out, t.in[0], elem_bytes(op), e);
}

void emit_expand(const Op& op, const DdrCtx& t, Emitter& e) {
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  const Dims in_strides = row_major_strides(in);
  NdCopy c{out, row_major_strides(out), Dims(out.size(), 0)};
  const size_t lead = out.size() - in.size();
  for (size_t i = 0; i < in.size(); ++i)
    if (in[i] != 1) c.in_strides[lead + i] = in_strides[i];
  copy_nd(c, t.out, t.in[0], elem_bytes(op), e);
}

void emit_tile(const Op& op, const DdrCtx& t, Emitter& e) {
  const Dims &in = op.in(0)->type.dims, &out = op.out(0)->type.dims;
  const Dims in_strides = row_major_strides(in), out_strides = row_major_strides(out);
  NdCopy c;
  for (size_t i = 0; i < in.size(); ++i) {
    for (const auto& [extent, out_stride, in_stride] : {std::tuple{out[i] / in[i], out_strides[i] * in[i], int64_t{0}},
                                                        std::tuple{in[i], out_strides[i], in_strides[i]}}) {
      c.extents.push_back(extent);
      c.out_strides.push_back(out_stride);
      c.in_strides.push_back(in_stride);
    }
  }
  copy_nd(c, t.out, t.in[0], elem_bytes(op), e);
}

// Axes n, depth, block row, block column, h, w: strides on the side of channels and on the side of space.
struct Blocks {
  Dims extents, depth_strides, space_strides;
};
Blocks blocks(const Dims& depth_dims, int64_t b, bool depth_first) {
  const int64_t n = depth_dims[0], d = depth_dims[1] / (b * b), h = depth_dims[2], w = depth_dims[3], hw = h * w;
  const int64_t of_d = depth_first ? b * b * hw : hw, of_b = depth_first ? hw : d * hw;
  return {{n, d, b, b, h, w},
          {depth_dims[1] * hw, of_d, b * of_b, of_b, w, 1},
          {d * b * b * hw, b * b * hw, w * b, 1, b * b * w, b}};
}

void emit_depth_to_space(const Op& op, const DdrCtx& t, Emitter& e) {
  const auto& a = op.attrs<ops::DepthToSpace>();
  const Blocks b = blocks(op.in(0)->type.dims, a.block, a.mode == ops::DepthMode::Crd);
  copy_nd({b.extents, b.space_strides, b.depth_strides}, t.out, t.in[0], elem_bytes(op), e);
}

void emit_space_to_depth(const Op& op, const DdrCtx& t, Emitter& e) {
  const Blocks b = blocks(op.out(0)->type.dims, op.attrs<ops::SpaceToDepth>().block, false);
  copy_nd({b.extents, b.depth_strides, b.space_strides}, t.out, t.in[0], elem_bytes(op), e);
}

}  // namespace

std::span<const Kernel> move_kernels() {
  static const std::vector<Kernel> kTable = [] {
    std::vector<Kernel> k{ddr_kernel(ops::Reshape::kName, move_support, emit_reshape),
                          ddr_kernel(ops::Permute::kName, move_support, emit_permute),
                          ddr_kernel(ops::Expand::kName, move_support, emit_expand),
                          ddr_kernel(ops::Tile::kName, move_support, emit_tile),
                          ddr_kernel(ops::DepthToSpace::kName, move_support, emit_depth_to_space),
                          ddr_kernel(ops::SpaceToDepth::kName, move_support, emit_space_to_depth),
                          slice_kernel(),
                          concat_kernel(),
                          pad_kernel(),
                          gather_kernel(),
                          gather_elements_kernel(),
                          scatter_kernel(),
                          resize_kernel()};
    k[0].view_of = same_memory;
    k[1].view_of = view_of_permute;
    k[1].moved_of = moved_of_permute;
    return k;
  }();
  return kTable;
}

}  // namespace tpuc::bm1684x
