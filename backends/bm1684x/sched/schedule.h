// What happens in which order: computes, and the loads and stores around them. Plain data, between planning and
// emission. Slot s is compute s with the loads issued before it and the stores issued after it:
//   for each slot: loads(slot); compute(slot); stores(slot)
// Commands of the two engines wait for each other by the bytes they touch (emit/hazards.h), so a load whose slot lies
// before its use, in memory nobody uses meanwhile, overlaps with the computes between.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// A piece of local memory, the same bytes of every lane.
struct Buffer {
  int64_t bytes = 0;
  int first = 0, last = 0;  // slots in which it is occupied, inclusive
  int64_t offset = -1;      // bytes in the lane, given by alloc/local_alloc
  Wish wish{};
};

// The constant image of one tile of an op: packed once, loaded where needed, as a part of its block.
struct Image {
  const Op* op = nullptr;
  Region region;
  int64_t lane_bytes = 0, lanes = 0;
  int64_t block = -1;
  int64_t offset_bytes = 0;  // of a lane, in the block
};

// Images that one transfer loads: [lanes][lane_bytes] in DDR.
struct ImageBlock {
  int64_t lane_bytes = 0, lanes = 0;
};

struct Load {
  size_t buffer = 0;
  int slot = 0;                  // issued before this compute
  int use = 0;                   // the compute it is made for
  int earliest = 0;              // the slot may move back to here: behind the store that makes the data
  const Op* op = nullptr;        // for whom
  const Value* value = nullptr;  // a tensor in DDR, or
  int64_t block = -1;            // images
  View view{};
  Need need{};
  Region held{};            // what of the view the buffer has room for
  bool fills_part = false;  // of a buffer that others fill too: the load may move, the buffer not
};

struct ComputeInput {
  int64_t buffer = -1;  // -1: nothing
  Region held;
  bool shared = false;
};
struct Compute {
  const Op* op = nullptr;
  int tile = 0;  // counted over the op's tiles
  Region region;
  std::vector<ComputeInput> in;
  int64_t out_buffer = -1;                // -1 for DDR steps
  int64_t image = -1, image_buffer = -1;  // the buffer is that of the image's block; -1: no image
  Region out_held;
  std::vector<size_t> scratch;
  bool in_ddr = false;
};

struct Store {
  size_t buffer = 0;
  int slot = 0;  // issued behind this compute
  const Op* op = nullptr;
  const Value* value = nullptr;
  View view;
  Region held, box;  // the buffer holds `held`, `box` of it is stored
};

struct Schedule {
  std::vector<Buffer> buffers;
  std::vector<Image> images;
  std::vector<ImageBlock> blocks;
  std::vector<Load> loads;  // in order of use
  std::vector<Compute> computes;
  std::vector<Store> stores;  // in order of slots
};

// Text for people: one line a step.
std::string to_text(const Schedule& s);

}  // namespace tpuc::bm1684x
