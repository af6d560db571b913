// Where the elements of a [n,c,h,w] tensor lie: in local memory (LocalTensor) or in DDR (DdrTensor).
#pragma once

#include <array>
#include <cstdint>

#include "backends/bm1684x/arch.h"
#include "backends/bm1684x/isa/tiu_enums.h"
#include "tpuc/ir/type.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {

using Shape4 = std::array<int64_t, 4>;  // N C H W

// Part of the axis an op sums over (input channels, inner columns); extent 0: all of it.
struct Depth {
  int64_t begin = 0, extent = 0;
  bool operator==(const Depth&) const = default;
};

// A box of a 4-D view: [begin, begin + extent) on each axis.
struct Region {
  Shape4 begin{0, 0, 0, 0}, extent{1, 1, 1, 1};
  Depth depth{};  // of tiles of ops whose sum is cut: computed one after the other into the same result
  bool operator==(const Region&) const = default;
  int64_t count() const { return extent[0] * extent[1] * extent[2] * extent[3]; }
};
Region whole(const Shape4& dims);
Region unite(const Region& a, const Region& b);  // the smallest box that holds both

// Channel c of the tensor lies in lane (start lane + c) % 64, channel row (start lane + c) / 64.
struct LocalTensor {
  uint32_t addr = 0;  // start lane << 18 | byte offset in the lane
  Prec prec = Prec::F32;
  Shape4 dims{1, 1, 1, 1};
  Shape4 strides{0, 0, 0, 0};  // elements; the c stride leads from one channel row to the next
  bool shared = false;         // one channel that every lane holds: c stride 0

  int64_t elem_bytes() const { return size_of(prec); }
  int64_t rows() const { return ceil_div(static_cast<int64_t>(addr >> 18) + dims[1], kLanes); }
  uint32_t offset() const { return addr & 0x3ffff; }
  int64_t span_bytes() const;  // from the first to behind the last byte in a lane
  bool is_aligned() const;     // the layout that needs no stride fields
  LocalTensor at(int64_t n, int64_t c, int64_t h, int64_t w, const Shape4& extent) const;  // a box; c: multiple of 64
  LocalTensor channels(int64_t first, int64_t count) const;  // any first channel: another start lane
  LocalTensor as(Prec p) const {
    auto t = *this;
    return t.prec = p, t;
  }  // same-size reinterpretation
};

// Layouts of TIU.md section 2.
LocalTensor aligned(uint32_t addr, Prec prec, const Shape4& dims);
LocalTensor compact(uint32_t addr, Prec prec, const Shape4& dims);
LocalTensor shared_row(uint32_t addr, Prec prec, const Shape4& dims);  // dims[1] == 1, aligned rows
// Bytes per lane of the aligned layout, start lane 0.
int64_t aligned_bytes(Prec prec, const Shape4& dims);

struct DdrTensor {
  uint64_t addr = 0;
  int64_t elem_bytes = 4;
  Shape4 dims{1, 1, 1, 1};
  Shape4 strides{0, 0, 0, 0};  // elements
  DdrTensor box(const Region& r) const;
};

Prec prec_of(DType t);  // chip types only; throws InternalError otherwise
inline int64_t align64(int64_t bytes) { return align_up(bytes, kEuBytes); }

}  // namespace tpuc::bm1684x
