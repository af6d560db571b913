// Where the elements of an operand lie, and which operands a TIU command has. The simulator reads and writes through
// these views; dependency and bounds checks are derived from the same ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/bm1684x/isa/isa.h"
#include "backends/bm1684x/isa/memory_map.h"

namespace tpuc::bm1684x {

// Element (n,c,h,w) of local memory: channel c is in lane (L0 + c) % 64, row r = (L0 + c) / 64, at byte
// offset + (n*ns + r*cs + h*hs + w*ws) * elem_bytes of that lane, where address = L0 * kLaneBytes + offset.
// In static memory there are no lanes: the tensor is one row of w elements.
struct TensorView {
  Space space = Space::Local;
  uint64_t address = 0;
  uint32_t elem_bytes = 1;
  uint64_t n = 1, c = 1, h = 1, w = 1;
  uint64_t ns = 0, cs = 0, hs = 0, ws = 1;  // elements

  uint64_t first_lane() const { return address / kLaneBytes; }
  uint64_t offset() const { return address % kLaneBytes; }
  uint64_t lane_of(uint64_t channel) const { return (first_lane() + channel) % kLaneCount; }
  // Bytes from the start of local memory to element (n,c,0,0).
  uint64_t at(uint64_t batch, uint64_t channel) const {
    const uint64_t k = first_lane() + channel;
    return (k % kLaneCount) * kLaneBytes + offset() + (batch * ns + (k / kLaneCount) * cs) * elem_bytes;
  }
  bool operator==(const TensorView&) const = default;
};

struct ViewShape {
  uint64_t n = 1, c = 1, h = 1, w = 1;
};
// The chip's own layouts (TIU.md section 2).
TensorView aligned_view(uint64_t address, Prec prec, ViewShape shape);
TensorView compact_view(uint64_t address, Prec prec, ViewShape shape);
TensorView line_view(uint64_t address, Prec prec, ViewShape shape);
TensorView strided_view(uint64_t address, Prec prec, ViewShape shape, ViewShape strides);

// The operands of one command in memory; constants have no view.
struct OperandViews {
  std::optional<TensorView> a, b, c, d;  // opd0..opd3
  std::optional<TensorView> res, res1;
  bool reads_result = false;              // adds to, or keeps part of, what the result holds
  bool loose_a = false, loose_b = false;  // not every element is read: the data or the layout's padding decides
  bool partial_result = false;            // not every element is written
  std::vector<TensorView> exact;          // in place of a loose view: the part that is read for certain
};

// Why the chip refuses the command ("operation 25 does not exist"), or an empty text. Looks at the fields only.
std::string why_illegal(const TiuInstr& instr);
// The operands of a command that is not illegal.
OperandViews views_of(const TiuInstr& instr);

// A box of bytes: the same range in every lane of `lanes` (for other memories `lanes` is 1, offsets count from its
// start).
struct ByteRegion {
  Space space = Space::Local;
  uint64_t lanes = 0, begin = 0, end = 0;
};
bool overlap(const ByteRegion& a, const ByteRegion& b);
// Boxes around a view: a few, since lanes differ in the number of channel rows.
void append_regions(const TensorView& view, std::vector<ByteRegion>& out);
std::vector<ByteRegion> reads(const TiuInstr& instr);
std::vector<ByteRegion> writes(const TiuInstr& instr);

// Why the view leaves its memory, or an empty text.
std::string why_out_of_bounds(const TensorView& view);

// One overload per form, in tiu_<family>.cc; why_illegal and views_of dispatch to them.
std::string illegal(const Ar& i);
std::string illegal(const Cmp& i);
std::string illegal(const Conv& i);
std::string illegal(const Lin& i);
std::string illegal(const Mm& i);
std::string illegal(const Mm2& i);
std::string illegal(const Pord& i);
std::string illegal(const RqDq& i);
std::string illegal(const Sfu& i);
std::string illegal(const Sg& i);
std::string illegal(const Sgl& i);
std::string illegal(const SysId& i);
std::string illegal(const TransBc& i);
std::string illegal(const Vc& i);
OperandViews views(const Ar& i);
OperandViews views(const Cmp& i);
OperandViews views(const Conv& i);
OperandViews views(const Lin& i);
OperandViews views(const Mm& i);
OperandViews views(const Mm2& i);
OperandViews views(const Pord& i);
OperandViews views(const RqDq& i);
OperandViews views(const Sfu& i);
OperandViews views(const Sg& i);
OperandViews views(const Sgl& i);
OperandViews views(const SysId& i);
OperandViews views(const TransBc& i);
OperandViews views(const Vc& i);

}  // namespace tpuc::bm1684x
