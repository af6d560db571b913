// How the DMA addresses an operand: four strided axes over one of the memories, where the channel axis of a local
// operand steps through lanes. Used by the functions of gdma_exec.h only.   source: GDMA.md section 4
#pragma once

#include <array>
#include <cstdint>

#include "backends/bm1684x/isa/gdma.h"
#include "backends/bm1684x/sim/machine.h"

namespace tpuc::bm1684x {

enum Axis : uint8_t { kAxisN = 0, kAxisC = 1, kAxisH = 2, kAxisW = 3 };
using AxisOrder = std::array<Axis, 4>;
inline constexpr AxisOrder kNchw = {kAxisN, kAxisC, kAxisH, kAxisW};
inline constexpr AxisOrder kCnhw = {kAxisC, kAxisN, kAxisH, kAxisW};
inline constexpr AxisOrder kNwhc = {kAxisN, kAxisW, kAxisH, kAxisC};

// Start, sizes and strides (elements) of one operand.
struct GdmaOperand {
  Space space = Space::Ddr;
  uint64_t start = 0;  // bytes from the begin of `space`; of a local operand, of the lane
  uint64_t lane = 0;   // first lane of a local operand
  std::array<uint64_t, 4> size{}, stride{};
  uint64_t element_bytes = 1;

  bool is_local() const { return space == Space::Local; }
  uint64_t element_count() const { return size[0] * size[1] * size[2] * size[3]; }
  // Byte offset in `space`; for a local operand lanes are kLaneBytes apart.
  uint64_t offset(uint64_t n, uint64_t c, uint64_t h, uint64_t w) const {
    const uint64_t row = is_local() ? (lane + c) / kLaneCount : c;
    const uint64_t at = start + element_bytes * (n * stride[0] + row * stride[1] + h * stride[2] + w * stride[3]);
    return is_local() ? at + (lane + c) % kLaneCount * kLaneBytes : at;
  }
  // Bytes from `start` to behind the last element (in a lane, for a local operand).
  uint64_t extent_bytes() const;
};

enum class Strides : uint8_t { Given, Default };

// Element size of a format; traps for the two that do not exist.
uint64_t element_bytes_of(GdmaFormat format, const Machine& m);
// Traps when a size is 0, the address is in no memory or not aligned, or the operand leaves its memory (its lane).
GdmaOperand make_operand(uint64_t address, const Dims4& size, const Dims4& stride, Strides use, GdmaFormat format,
                         Machine& m);
// The strides that hold when stride_enable is 0.
std::array<uint64_t, 4> default_strides(const GdmaOperand& o);
void check_bounds(const GdmaOperand& o, const Machine& m);
// Traps when one command would move more than the hardware's counters hold.
void check_burst_count(const GdmaOperand& o, const Machine& m);

// Walks an operand in a given order of its axes (outermost first), in runs of elements that lie side by side.
class Walk {
 public:
  Walk(const GdmaOperand& operand, const AxisOrder& order);
  uint64_t offset() const { return offset_ + index_[last_] * step_bytes_; }
  uint64_t lane() const { return lane_; }  // of the current element, local operands only
  // Elements from here that lie side by side, at least 1.
  uint64_t run() const { return contiguous_ ? size_[last_] - index_[last_] : 1; }
  void advance(uint64_t elements);  // at most run()

 private:
  void locate();
  const GdmaOperand& operand_;
  AxisOrder order_;
  std::array<uint64_t, 4> size_{}, index_{};
  size_t last_ = 3;  // innermost axis of the walk after merging; further axes are inside it
  uint64_t offset_ = 0, lane_ = 0, step_bytes_ = 0;
  bool contiguous_ = false;
};

}  // namespace tpuc::bm1684x
