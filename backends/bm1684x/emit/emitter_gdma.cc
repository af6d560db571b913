// GDMA commands from typed operands.   source: GDMA.md sections 4 and 5
#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/emit/transfer.h"
#include "backends/bm1684x/isa/gdma_decode.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t u32(int64_t v) { return static_cast<uint32_t>(v); }
constexpr Dims4 fields(const Shape4& s) { return {u32(s[0]), u32(s[1]), u32(s[2]), u32(s[3])}; }

GdmaFormat format_of(int64_t elem_bytes) {
  return elem_bytes == 1 ? GdmaFormat::I8 : elem_bytes == 2 ? GdmaFormat::F16 : GdmaFormat::F32;
}

Access access(const LocalTensor& t, bool write) { return {t.offset(), t.offset() + t.span_bytes(), write}; }

void check_sizes(const Shape4& dims) {
  for (const int64_t d : dims) TPUC_CHECK(d >= 1 && d <= kMaxDim, "extent {} of a transfer leaves 1..65535", d);
}

GdmaTensor tensor_move(TensorMove function, int64_t elem_bytes) {
  GdmaTensor g;
  g.head.function = static_cast<uint32_t>(function);
  g.head.stride_enable = 1;
  g.head.nchw_copy = 1;
  g.head.format = format_of(elem_bytes);
  return g;
}

// Channels lie next to each other in DDR: exchanged axes move them at full speed, a tensor copy element by element
// (COOKBOOK.md section 0).
bool is_channel_innermost(const DdrTensor& d) {
  return d.dims[1] > 1 && d.strides[1] == 1 && (d.dims[3] == 1 || d.strides[3] != 1);
}

// Axes of a DDR-to-DDR copy in an order the engine can run: extents 1 last dropped, a repeated source axis not
// innermost.
struct Axis {
  int64_t extent, dst, src;
};
std::vector<Axis> axes_of(const DdrTensor& out, const DdrTensor& in) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < 4; ++i) {
    TPUC_CHECK(out.dims[i] == in.dims[i], "extents {} and {} of a copy differ", out.dims[i], in.dims[i]);
    if (out.dims[i] > 1) axes.push_back({out.dims[i], out.strides[i], in.strides[i]});
  }
  // The innermost axis should run with stride 1 where one does.
  std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) {
    const auto rank = [](const Axis& x) {
      return x.src == 0 ? 3 : (x.dst == 1 && x.src == 1) ? 0 : (x.dst == 1 || x.src == 1) ? 1 : 2;
    };
    return rank(a) > rank(b);
  });
  return axes;
}

}  // namespace

GdmaInstr load_command(const LocalTensor& out, const DdrTensor& in) {
  if (out.shared) {
    GdmaTensor g = tensor_move(TensorMove::Broadcast, in.elem_bytes);
    g.src_size = fields(in.dims);
    g.dst_size = fields({in.dims[0], kLanes, in.dims[2], in.dims[3]});
    g.src_stride = fields(in.strides);
    g.dst_stride = fields(out.strides);
    g.src_addr = in.addr;
    g.dst_addr = kLocalBase + out.addr;
    return g;
  }
  if (is_channel_innermost(in)) {
    GdmaCwTranspose g;
    g.head.stride_enable = 1;
    g.head.nchw_copy = 1;
    g.head.format = format_of(in.elem_bytes);
    g.src_size = fields({in.dims[0], in.dims[3], in.dims[2], in.dims[1]});
    g.dst_size = fields(in.dims);
    g.src_stride = fields({in.strides[0], in.strides[3], in.strides[2], 1});
    g.dst_stride = fields({out.strides[0], out.strides[1], out.strides[2], 1});
    g.src_addr = in.addr;
    g.dst_addr = kLocalBase + out.addr;
    return g;
  }
  GdmaTensor g = tensor_move(TensorMove::Copy, in.elem_bytes);
  g.src_size = g.dst_size = fields(in.dims);
  g.src_stride = fields(in.strides);
  g.dst_stride = fields(out.strides);
  g.src_addr = in.addr;
  g.dst_addr = kLocalBase + out.addr;
  return g;
}

GdmaInstr store_command(const DdrTensor& out, const LocalTensor& in) {
  if (is_channel_innermost(out)) {
    GdmaCwTranspose g;
    g.head.stride_enable = 1;
    g.head.nchw_copy = 1;
    g.head.format = format_of(out.elem_bytes);
    g.src_size = fields(out.dims);
    g.dst_size = fields({out.dims[0], out.dims[3], out.dims[2], out.dims[1]});
    g.src_stride = fields({in.strides[0], in.strides[1], in.strides[2], 1});
    g.dst_stride = fields({out.strides[0], out.strides[3], out.strides[2], 1});
    g.src_addr = kLocalBase + in.addr;
    g.dst_addr = out.addr;
    return g;
  }
  GdmaTensor g = tensor_move(TensorMove::Copy, out.elem_bytes);
  g.src_size = g.dst_size = fields(out.dims);
  g.src_stride = fields(in.strides);
  g.dst_stride = fields(out.strides);
  g.src_addr = kLocalBase + in.addr;
  g.dst_addr = out.addr;
  return g;
}

void Emitter::load(const LocalTensor& out, const DdrTensor& in) {
  check_sizes(in.dims);
  stream_->gdma(load_command(out, in), {access(out, true)});
}

void Emitter::store(const DdrTensor& out, const LocalTensor& in) {
  check_sizes(out.dims);
  stream_->gdma(store_command(out, in), {access(in, false)});
}

void Emitter::load_lanes(uint32_t out, const DdrTensor& in, int64_t lanes) {
  check_sizes(in.dims);
  GdmaTensor g = tensor_move(TensorMove::Copy, in.elem_bytes);
  g.src_size = g.dst_size = fields({1, lanes, 1, in.dims[3]});
  g.src_stride = fields(in.strides);
  g.dst_stride = fields({in.dims[3], in.dims[3], in.dims[3], 1});
  g.src_addr = in.addr;
  g.dst_addr = kLocalBase + out;
  const int64_t begin = out & 0x3ffff;
  stream_->gdma(g, {{begin, begin + in.dims[3] * in.elem_bytes, true}});
}

void Emitter::ddr_copy(const DdrTensor& out, const DdrTensor& in) {
  std::vector<Axis> axes = axes_of(out, in);
  // An axis too long for the size field becomes several copies, and so does a repeated axis with nothing inside it.
  for (size_t i = 0; i < axes.size(); ++i) {
    const bool repeated_inside = i + 1 == axes.size() && axes[i].src == 0;
    const int64_t most = repeated_inside ? 1 : kMaxDim;
    if (axes[i].extent <= most) continue;
    for (int64_t at = 0; at < axes[i].extent; at += most) {
      const int64_t n = std::min(most, axes[i].extent - at);
      DdrTensor o{out.addr + static_cast<uint64_t>(at * axes[i].dst * out.elem_bytes),
                  out.elem_bytes,
                  {1, 1, 1, 1},
                  {0, 0, 0, 1}};
      DdrTensor s{
          in.addr + static_cast<uint64_t>(at * axes[i].src * in.elem_bytes), in.elem_bytes, {1, 1, 1, 1}, {0, 0, 0, 1}};
      for (size_t k = 0; k < axes.size(); ++k) {
        o.dims[k] = s.dims[k] = k == i ? n : axes[k].extent;
        o.strides[k] = axes[k].dst;
        s.strides[k] = axes[k].src;
      }
      ddr_copy(o, s);
    }
    return;
  }
  GdmaTensor g = tensor_move(TensorMove::Copy, in.elem_bytes);
  Shape4 dims{1, 1, 1, 1}, dst{1, 1, 1, 1}, src{1, 1, 1, 1};
  for (size_t k = 0; k < axes.size(); ++k) {
    const size_t at = 4 - axes.size() + k;
    dims[at] = axes[k].extent;
    dst[at] = axes[k].dst;
    src[at] = axes[k].src;
  }
  g.src_size = g.dst_size = fields(dims);
  g.src_stride = fields(src);
  g.dst_stride = fields(dst);
  g.src_addr = in.addr;
  g.dst_addr = out.addr;
  stream_->gdma(g, {});
}

void Emitter::ddr_fill(const DdrTensor& out, uint32_t bits) {
  check_sizes(out.dims);
  GdmaTensor g = tensor_move(TensorMove::Copy, out.elem_bytes);
  g.head.nchw_copy = 0;
  g.head.fill_constant_en = 1;
  g.constant = bits;
  g.dst_size = fields(out.dims);
  g.dst_stride = fields(out.strides);
  g.dst_addr = out.addr;
  stream_->gdma(g, {});
}

void Emitter::ddr_transpose_cw(const DdrTensor& out, const DdrTensor& in) {
  check_sizes(in.dims);
  GdmaCwTranspose g;
  g.head.stride_enable = 1;
  g.head.nchw_copy = 1;
  g.head.format = format_of(in.elem_bytes);
  g.src_size = fields(in.dims);
  g.dst_size = fields(out.dims);
  g.src_stride = fields(in.strides);
  g.dst_stride = fields(out.strides);
  g.src_addr = in.addr;
  g.dst_addr = out.addr;
  stream_->gdma(g, {});
}

void Emitter::ddr_gather(const DdrTensor& out, const DdrTensor& in, uint64_t index, int64_t count, int64_t index_step) {
  GdmaIndexed g;
  g.head.stride_enable = 1;
  g.head.format = format_of(in.elem_bytes);
  g.src_size = fields({1, in.dims[1], in.dims[2], in.dims[3]});
  g.dst_size = fields({1, in.dims[1], count, in.dims[3]});
  g.index_size = {1, index_step > 0 ? u32(in.dims[1]) : 1, u32(count), 1};
  g.src_stride = fields(in.strides);
  g.dst_stride = fields(out.strides);
  g.index_stride = {0, u32(index_step), 1, 1};
  g.src_addr = in.addr;
  g.dst_addr = out.addr;
  g.index_addr = index;
  stream_->gdma(g, {});
}

void Emitter::ddr_scatter(const DdrTensor& out, const DdrTensor& in, uint64_t index, int64_t count) {
  GdmaIndexed g;
  g.head.type = GdmaType::Scatter;
  g.head.stride_enable = 1;
  g.head.format = format_of(in.elem_bytes);
  g.src_size = fields({1, 1, count, in.dims[3]});
  g.dst_size = fields({1, 1, out.dims[2], in.dims[3]});
  g.index_size = {1, 1, u32(count), 1};
  g.src_stride = fields(in.strides);
  g.dst_stride = fields(out.strides);
  g.index_stride = {0, 0, 1, 1};
  g.src_addr = in.addr;
  g.dst_addr = out.addr;
  g.index_addr = index;
  stream_->gdma(g, {});
}

}  // namespace tpuc::bm1684x
