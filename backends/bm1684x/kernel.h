// The contract between operators and the compiler of this chip: one Kernel per operator, working on one tile.
// All but `emit` are pure. No kernel chooses its tiles or addresses; plan/, sched/ and alloc/ do.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backends/bm1684x/local_tensor.h"
#include "tpuc/backend/backend.h"
#include "tpuc/ir/graph.h"

namespace tpuc::bm1684x {

class Emitter;

// Rows of a window seen as channels: channel k * C + c, row r of the view is row r * stride + k - pad of channel c,
// `fill` where the tensor has no such row. `count` 0: channels are channels.
struct FoldedRows {
  int64_t count = 0, stride = 1, pad = 0, rows = 0;  // of the window; rows: of the tensor
  uint32_t fill = 0;                                 // bits of an element
  int64_t row_of(int64_t k, int64_t r) const { return r * stride + k - pad; }
  // Of rows [first, first + count) of the view in channels of k, those [begin, end) that are rows of the tensor;
  // counted from `first`.
  struct Range {
    int64_t begin = 0, end = 0;
  };
  Range rows_inside(int64_t k, int64_t first, int64_t seen) const;
  bool operator==(const FoldedRows&) const = default;
};

// How an operand is seen as [N,C,H,W]. The tensor is row-major in DDR; strides are elements of it.
struct View {
  Shape4 dims{1, 1, 1, 1};
  Shape4 strides{0, 0, 0, 0};
  FoldedRows folded{};
  bool operator==(const View&) const = default;
};
View row_major(const Shape4& dims);
struct Views {
  std::vector<View> in;  // one per input (also for those that are absent or packed)
  View out;
  bool operator==(const Views&) const = default;
};

// Which axes of the output view the planner may cut. A cut of C falls on multiples of 64.
// `depth`: length of the axis summed over where the planner may cut that one too, on multiples of 64; 0: it may not.
// Tiles of one box then follow each other with growing Region::depth, in the same result and scratch buffers.
struct Axes {
  bool n = true, c = true, h = true, w = true;
  int64_t depth = 0;
};

// What is needed of one input to compute a region of the output.
struct Need {
  enum class Kind : uint8_t {
    Nothing,  // absent, or inside the image
    Box,      // this box, aligned, channel 0 of the box in lane 0
    Shared    // this box with one channel, given to every lane
  };
  Kind kind = Kind::Nothing;
  Region box{};
};

// Where a buffer had better lie: bytes [begin, end) of each lane. A kernel gives the same values without, in more time.
struct Wish {
  int64_t begin = 0, end = 0;  // 0, 0: anywhere
  bool any() const { return end > begin; }
  bool operator==(const Wish&) const = default;
};

// Memory of one lane, bytes, besides inputs and output (which are always aligned tensors).
struct Footprint {
  std::vector<int64_t> scratch;  // one buffer each, 64-byte aligned
  int64_t image_bytes = 0;       // the constant image of this region (`pack`); multiple of 4
  int64_t image_lanes = 64;
  bool image_follows_tile = false;  // the image depends on the whole region, not on its channels only
  // By input and by scratch buffer; a shorter list wishes nothing for the rest.
  std::vector<Wish> input_wishes{}, scratch_wishes{};
  Wish output_wish{};
  bool operator==(const Footprint&) const = default;
};

// Addresses for one tile. `out` holds at least `region`; `in[i]` holds at least the box of needs(region)[i].
struct TileCtx {
  Region region;                // what to compute, in the output view
  std::vector<LocalTensor> in;  // one per input
  std::vector<Region> in_held;  // which box of the input's view in[i] holds
  LocalTensor out;
  Region out_held;                // which box of the output view `out` holds
  std::vector<uint32_t> scratch;  // addresses
  uint32_t image = 0;             // address of the constant image
  // The part of in[i] that is `box`; of out that is `region`.
  LocalTensor input(size_t i, const Region& box) const;
  LocalTensor output() const;
};

// Operators that only move data in DDR: the DMA steps are steps of the same schedule.
struct DdrCtx {
  std::vector<uint64_t> in;  // addresses; 0 where absent
  uint64_t out = 0;
};

// "The output is input `i`, `offset_bytes` into it" (in_output false), or "input i is the output, at that offset".
struct Alias {
  size_t input = 0;
  int64_t offset_bytes = 0;
};

// "Element (i, j, ..) of the output is that of input 0 at `first` + i * strides[0] + ..", in elements.
struct Moved {
  int64_t first = 0;
  Dims extents, strides;
};

struct Kernel {
  std::string_view op;
  Support (*supports)(const Op&, DType precision);
  // Tile kernels (pack: [image_lanes][image_bytes]; null where there is no image):
  Views (*views)(const Op&) = nullptr;
  Axes (*axes)(const Op&) = nullptr;
  std::vector<Need> (*needs)(const Op&, const Region& out) = nullptr;
  Footprint (*footprint)(const Op&, const Region& out) = nullptr;
  std::vector<std::byte> (*pack)(const Op&, const Region& out) = nullptr;
  void (*emit)(const Op&, const TileCtx&, Emitter&) = nullptr;
  // Kernels that work in DDR have these instead of the six above:
  void (*emit_ddr)(const Op&, const DdrCtx&, Emitter&) = nullptr;
  // The output shares the input's memory and nothing is done (reshape, contiguous slice); at most one alias.
  std::vector<Alias> (*view_of)(const Op&) = nullptr;
  // What emit_ddr copies, where that is a walk over the input: users that can walk so themselves read it there.
  std::optional<Moved> (*moved_of)(const Op&) = nullptr;
  // Inputs that may be written in place of parts of the output (concat).
  std::vector<Alias> (*parts_of)(const Op&) = nullptr;
};

// The table of kernels; null when the chip has none for this operator.
const Kernel* find_kernel(std::string_view op);
std::span<const Kernel> all_kernels();

// Kernels may look at who makes an operand and who reads the result. Whether that leaves two ops alike that have the
// same meaning and types.
bool seen_alike(const Op& a, const Op& b);

// The precision in which an op computes on this chip is that of its output, or of its input for comparisons.
inline DType precision_of(const Op& op) { return op.out(0)->type.dtype; }

}  // namespace tpuc::bm1684x
