// Strides, bounds and the order of elements of a DMA operand.
#include "backends/bm1684x/sim/gdma_operand.h"

#include <fmt/core.h>

#include <algorithm>

#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint64_t kMaxBursts = uint64_t{1} << 26;  // on a system operand
constexpr uint64_t kBurstBytes = 128;
constexpr uint64_t kMaxExtentBytes = uint64_t{1} << 32;  // the hardware's index sums have 32 bits
constexpr uint64_t kLaneRowBytes = 64;                   // default channel stride is rounded up to this

}  // namespace

uint64_t GdmaOperand::extent_bytes() const {
  std::array<uint64_t, 4> last = {size[0] - 1, size[1] - 1, size[2] - 1, size[3] - 1};
  if (is_local()) last[1] = (lane + size[1] - 1) / kLaneCount;
  uint64_t elements = 1;
  for (size_t k = 0; k < 4; ++k)
    elements += std::min(last[k] * stride[k], kMaxExtentBytes);  // both factors have 32 bits
  return elements * element_bytes;
}

uint64_t element_bytes_of(GdmaFormat format, const Machine& m) {
  if (!is_valid(format))
    m.trap(ErrorCode::E6102, fmt::format("element format {} does not exist", static_cast<uint32_t>(format)));
  return size_of(format);
}

std::array<uint64_t, 4> default_strides(const GdmaOperand& o) {
  const auto& [n, c, h, w] = o.size;
  if (!o.is_local()) return {c * h * w, h * w, w, 1};
  const uint64_t channel = align_up(h * w, kLaneRowBytes / o.element_bytes);
  return {ceil_div<uint64_t>(c + o.lane, kLaneCount) * channel, channel, w, 1};
}

void check_bounds(const GdmaOperand& o, const Machine& m) {
  const uint64_t extent = o.extent_bytes();
  if (extent > kMaxExtentBytes) m.trap(ErrorCode::E6101, fmt::format("an operand spans {} bytes", extent));
  if (!o.is_local()) return m.check(o.space, o.start, extent);
  if (o.start + extent > kLaneBytes)
    m.trap(ErrorCode::E6101,
           fmt::format("{} bytes at offset {:#x} of a lane, which has {:#x}", extent, o.start, kLaneBytes));
}

void check_burst_count(const GdmaOperand& o, const Machine& m) {
  const uint64_t bytes = o.element_count() * o.element_bytes;  // 2^66 at most: first the factors
  const bool too_many = o.size[0] * o.size[1] * o.size[2] > kMaxExtentBytes || bytes / kBurstBytes >= kMaxBursts;
  uint64_t burst = kBurstBytes;
  if (o.stride != default_strides(o))
    burst = std::clamp<uint64_t>(o.stride[3] == 1 ? o.size[3] : o.stride[3], 1, kBurstBytes);
  if (too_many || (!o.is_local() && bytes / burst >= kMaxBursts))
    m.trap(ErrorCode::E6102, fmt::format("{} x {} x {} x {} elements are more than one command can move", o.size[0],
                                         o.size[1], o.size[2], o.size[3]));
}

GdmaOperand make_operand(uint64_t address, const Dims4& size, const Dims4& stride, Strides use, GdmaFormat format,
                         Machine& m) {
  GdmaOperand o;
  o.element_bytes = element_bytes_of(format, m);
  o.size = {size.n, size.c, size.h, size.w};
  o.stride = {stride.n, stride.c, stride.h, stride.w};
  if (std::find(o.size.begin(), o.size.end(), 0) != o.size.end())
    m.trap(ErrorCode::E6102, fmt::format("a size is 0: {} x {} x {} x {}", size.n, size.c, size.h, size.w));
  if (address % o.element_bytes != 0)
    m.trap(ErrorCode::E6102,
           fmt::format("address {:#x} is not a multiple of the element's {} bytes", address, o.element_bytes));
  const Place at = m.place(address, 1);
  o.space = at.space;
  o.start = at.offset;
  if (o.is_local()) {
    o.lane = at.offset / kLaneBytes;
    o.start = at.offset % kLaneBytes;
  }
  if (use == Strides::Default) o.stride = default_strides(o);
  if (!o.is_local() && o.stride[3] == 0) m.trap(ErrorCode::E6102, "the w stride of a system operand is 0");
  check_burst_count(o, m);
  check_bounds(o, m);
  return o;
}

Walk::Walk(const GdmaOperand& operand, const AxisOrder& order) : operand_(operand), order_(order) {
  for (size_t k = 0; k < 4; ++k) size_[k] = operand.size[order[k]];
  const auto merges = [&](size_t k) {  // the lanes of a local operand are no linear axis
    return size_[k] == 1 || !(operand.is_local() && order[k] == kAxisC);
  };
  contiguous_ = merges(3) && (operand.stride[order[3]] == 1 || size_[3] == 1);
  // An outer axis whose step is the whole inner one continues it; so does one of size 1.
  while (contiguous_ && last_ > 0 && merges(last_ - 1) &&
         (size_[last_ - 1] == 1 || operand.stride[order[last_ - 1]] == size_[last_])) {
    size_[last_ - 1] *= size_[last_];
    --last_;
  }
  step_bytes_ = contiguous_ ? operand.element_bytes : 0;
  locate();
}

void Walk::locate() {
  std::array<uint64_t, 4> at{};
  for (size_t k = 0; k <= last_; ++k) at[order_[k]] = k == last_ && contiguous_ ? 0 : index_[k];
  offset_ = operand_.offset(at[0], at[1], at[2], at[3]);
  lane_ = operand_.is_local() ? (operand_.lane + at[1]) % kLaneCount : 0;
}

void Walk::advance(uint64_t elements) {
  index_[last_] += elements;
  if (index_[last_] < size_[last_]) {
    if (!contiguous_) locate();
    return;
  }
  size_t k = last_;
  while (k > 0 && index_[k] == size_[k]) {
    index_[k] = 0;
    ++index_[--k];
  }
  locate();
}

}  // namespace tpuc::bm1684x
