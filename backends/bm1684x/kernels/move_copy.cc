// Merging and splitting of axes for the DMA engine.   source: GDMA.md sections 4 and 5, COOKBOOK.md section 6
#include "backends/bm1684x/kernels/move_copy.h"

#include <fmt/core.h>

#include <algorithm>

namespace tpuc::bm1684x {

namespace {

struct Axis {
  int64_t extent, out, in;
};

std::vector<Axis> merged_axes(const NdCopy& c) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < c.extents.size(); ++i) {
    const Axis a{c.extents[i], c.out_strides[i], c.in_strides[i]};
    if (a.extent == 1) continue;
    if (!axes.empty() && axes.back().out == a.out * a.extent && axes.back().in == a.in * a.extent)
      axes.back() = {axes.back().extent * a.extent, a.out, a.in};
    else
      axes.push_back(a);
  }
  return axes;
}

// One transposition moves any four axes of which one is innermost in the source and another in the destination.
bool transpose(const std::vector<Axis>& axes, uint64_t out, uint64_t in, int64_t bytes, Emitter& e) {
  const auto in_inner = std::find_if(axes.begin(), axes.end(), [](const Axis& a) { return a.in == 1; });
  const auto out_inner = std::find_if(axes.begin(), axes.end(), [](const Axis& a) { return a.out == 1; });
  if (axes.size() > 4 || in_inner == axes.end() || out_inner == axes.end() || in_inner == out_inner) return false;
  if (std::any_of(axes.begin(), axes.end(), [](const Axis& a) { return a.in == 0; })) return false;
  const auto longest =
      std::max_element(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.extent < b.extent; });
  if (longest->extent > kMaxDim) {  // in parts: what else moves such axes does so element by element
    std::vector<Axis> part = axes;
    for (int64_t at = 0; at < longest->extent; at += kMaxDim) {
      part[static_cast<size_t>(longest - axes.begin())].extent = std::min(kMaxDim, longest->extent - at);
      transpose(part, out + static_cast<uint64_t>(at * longest->out * bytes),
                in + static_cast<uint64_t>(at * longest->in * bytes), bytes, e);
    }
    return true;
  }
  DdrTensor src{in, bytes, {1, out_inner->extent, 1, in_inner->extent}, {0, out_inner->in, 0, 1}};
  DdrTensor dst{out, bytes, {1, in_inner->extent, 1, out_inner->extent}, {0, in_inner->out, 0, 1}};
  size_t slot = 0;  // n, then h
  for (auto a = axes.begin(); a != axes.end(); ++a) {
    if (a == in_inner || a == out_inner) continue;
    src.dims[slot] = dst.dims[slot] = a->extent;
    src.strides[slot] = a->in;
    dst.strides[slot] = a->out;
    slot += 2;
  }
  e.ddr_transpose_cw(dst, src);
  return true;
}

void copy_axes(std::vector<Axis> axes, uint64_t out, uint64_t in, int64_t bytes, Emitter& e) {
  if (transpose(axes, out, in, bytes, e)) return;
  if (axes.size() > 4) {
    const auto shortest =
        std::min_element(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.extent < b.extent; });
    const Axis loop = *shortest;
    axes.erase(shortest);
    for (int64_t i = 0; i < loop.extent; ++i)
      copy_axes(axes, out + static_cast<uint64_t>(i * loop.out * bytes),
                in + static_cast<uint64_t>(i * loop.in * bytes), bytes, e);
    return;
  }
  DdrTensor dst{out, bytes, {1, 1, 1, 1}, {0, 0, 0, 1}}, src{in, bytes, {1, 1, 1, 1}, {0, 0, 0, 1}};
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t slot = 4 - axes.size() + i;
    dst.dims[slot] = src.dims[slot] = axes[i].extent;
    dst.strides[slot] = axes[i].out;
    src.strides[slot] = axes[i].in;
  }
  e.ddr_copy(dst, src);
}

}  // namespace

void copy_nd(const NdCopy& copy, uint64_t out, uint64_t in, int64_t bytes, Emitter& e) {
  if (std::find(copy.extents.begin(), copy.extents.end(), 0) != copy.extents.end()) return;
  copy_axes(merged_axes(copy), out, in, bytes, e);
}

void fill_ddr(uint64_t out, int64_t count, int64_t bytes, uint32_t bits, Emitter& e) {
  constexpr int64_t kRow = 32768;
  while (count > 0) {
    const int64_t w = std::min(count, kRow), h = std::clamp<int64_t>(count / w, 1, kMaxDim);
    e.ddr_fill({out, bytes, {1, 1, h, w}, {h * w, h * w, w, 1}}, bits);
    count -= h * w;
    out += static_cast<uint64_t>(h * w * bytes);
  }
}

Support move_support(const Op& op, DType) {
  const TensorType& t = op.out(0)->type;
  if (t.dtype == DType::I4 || t.dtype == DType::U4)
    return {false, fmt::format("elements are {}, two to a byte", to_string(t.dtype))};
  if (element_count(t) == 0) return {false, "the result has no elements"};
  return {};
}

Kernel ddr_kernel(std::string_view name, Support (*supports)(const Op&, DType),
                  void (*emit)(const Op&, const DdrCtx&, Emitter&)) {
  return {.op = name, .supports = supports, .emit_ddr = emit};
}

}  // namespace tpuc::bm1684x
