// Layout arithmetic of TIU operands: strides, boxes and bounds.
#include "backends/bm1684x/isa/tensor_view.h"

#include <utility>

#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

uint64_t channel_rows(uint64_t address, uint64_t channels) {
  return ceil_div<uint64_t>(address / kLaneBytes + channels, kLaneCount);
}
uint64_t elements_per_line(Prec prec) { return 64 / size_of(prec); }

// Last byte + 1 of the elements of channel row `row`, from the lane's start; nothing when it is 2^40 or more.
std::optional<uint64_t> end_of_row(const TensorView& v, uint64_t row) {
  constexpr uint64_t kLimit = uint64_t{1} << 40;
  uint64_t last = 0;
  for (const auto& [steps, stride] :
       {std::pair{v.n - 1, v.ns}, std::pair{row, v.cs}, std::pair{v.h - 1, v.hs}, std::pair{v.w - 1, v.ws}}) {
    if (steps != 0 && stride > kLimit / steps) return std::nullopt;
    last += steps * stride;
  }
  const uint64_t end = v.offset() + (last + 1) * v.elem_bytes;
  return end < kLimit ? std::optional(end) : std::nullopt;
}

}  // namespace

TensorView strided_view(uint64_t address, Prec prec, ViewShape s, ViewShape strides) {
  TensorView v{.address = address, .elem_bytes = size_of(prec), .n = s.n, .c = s.c, .h = s.h, .w = s.w};
  v.ns = strides.n;
  v.cs = strides.c;
  v.hs = strides.h;
  v.ws = strides.w;
  return v;
}

TensorView aligned_view(uint64_t address, Prec prec, ViewShape s) {
  const uint64_t cs = align_up(s.h * s.w, elements_per_line(prec));
  return strided_view(address, prec, s, {channel_rows(address, s.c) * cs, cs, s.w, 1});
}

TensorView compact_view(uint64_t address, Prec prec, ViewShape s) {
  const uint64_t cs = s.h * s.w;
  return strided_view(address, prec, s, {channel_rows(address, s.c) * cs, cs, s.w, 1});
}

TensorView line_view(uint64_t address, Prec prec, ViewShape s) {
  const uint64_t hs = align_up(s.w, elements_per_line(prec)), cs = s.h * hs;
  return strided_view(address, prec, s, {channel_rows(address, s.c) * cs, cs, hs, 1});
}

std::string why_out_of_bounds(const TensorView& v) {
  if (v.space != Space::Local) {
    if (v.address + v.w * v.elem_bytes <= kStaticBytes) return {};
    return fmt::format("{} bytes at {:#x} leave static memory, which has {:#x}", v.w * v.elem_bytes, v.address,
                       kStaticBytes);
  }
  if (v.address >= kLocalBytes)
    return fmt::format("local address {:#x} is beyond lane 63 (limit {:#x})", v.address, kLocalBytes);
  const auto end = end_of_row(v, (v.first_lane() + v.c - 1) / kLaneCount);
  if (end && *end <= kLaneBytes) return {};
  return fmt::format("a [{},{},{},{}] tensor at lane {} offset {:#x} ends at {} of a lane, which has {:#x} bytes", v.n,
                     v.c, v.h, v.w, v.first_lane(), v.offset(), end ? fmt::format("{:#x}", *end) : "2^40 or more",
                     kLaneBytes);
}

bool overlap(const ByteRegion& a, const ByteRegion& b) {
  return a.space == b.space && (a.lanes & b.lanes) != 0 && a.begin < b.end && b.begin < a.end;
}

void append_regions(const TensorView& v, std::vector<ByteRegion>& out) {
  if (v.space != Space::Local) {
    out.push_back({v.space, 1, v.address, v.address + v.w * v.elem_bytes});
    return;
  }
  const size_t first = out.size();
  const uint64_t l0 = v.first_lane();
  for (uint64_t lane = 0; lane < kLaneCount; ++lane) {
    const uint64_t first_row = lane < l0 ? 1 : 0, first_channel = first_row * kLaneCount + lane - l0;
    if (first_channel >= v.c) continue;
    const uint64_t last_row = first_row + (v.c - 1 - first_channel) / kLaneCount;
    const uint64_t begin = v.offset() + first_row * v.cs * v.elem_bytes;
    const uint64_t end = end_of_row(v, last_row).value_or(kLaneBytes);
    bool found = false;
    for (size_t k = first; k < out.size() && !found; ++k) {
      found = out[k].begin == begin && out[k].end == end;
      if (found) out[k].lanes |= uint64_t{1} << lane;
    }
    if (!found) out.push_back({Space::Local, uint64_t{1} << lane, begin, end});
  }
}

std::string why_illegal(const TiuInstr& instr) {
  return std::visit([](const auto& i) { return illegal(i); }, instr);
}
OperandViews views_of(const TiuInstr& instr) {
  return std::visit([](const auto& i) { return views(i); }, instr);
}

std::vector<ByteRegion> reads(const TiuInstr& instr) {
  const OperandViews v = views_of(instr);
  std::vector<ByteRegion> out;
  for (const auto* view : {&v.a, &v.b, &v.c, &v.d})
    if (*view) append_regions(**view, out);
  if (v.reads_result && v.res) append_regions(*v.res, out);
  return out;
}

std::vector<ByteRegion> writes(const TiuInstr& instr) {
  const OperandViews v = views_of(instr);
  std::vector<ByteRegion> out;
  for (const auto* view : {&v.res, &v.res1})
    if (*view) append_regions(**view, out);
  const uint64_t mask = head_of(instr).lane_mask;
  for (ByteRegion& r : out) r.lanes &= mask;
  return out;
}

}  // namespace tpuc::bm1684x
