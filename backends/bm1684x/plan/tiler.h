// Tiles of one op: a pure search over cuts of N, C, H and W that fit local memory. No addresses, no instructions.
#pragma once

#include <string>
#include <vector>

#include "backends/bm1684x/plan/group.h"

namespace tpuc::bm1684x {

// Tiles of an op that runs alone. throws UserError E4001 when the smallest tile does not fit.
std::vector<Region> tile_alone(const Op& op, const PlanOptions& options);

// Parts of an op whose result stays whole: only as many as keep its constants small enough to stream, and its scratch.
std::vector<Region> tile_resident(const Op& op);

// Whether the size fields of commands hold the extents of a tile and of what it reads. A view may be longer, on axes
// that may be cut.   source: TIU.md section 14, GDMA.md section 4
bool fits_size_fields(const Op& op, const Kernel& kernel, const Region& tile);

// "takes 300000 bytes of each lane, the chip has ...": what a tile does that is too large; empty where it is not.
std::string why_too_large(const Op& op, const Kernel& kernel, const Region& tile, int64_t lane_bytes);

// Bytes of a lane that one tile takes: inputs, result, image, scratch.
int64_t tile_bytes(const Op& op, const Kernel& kernel, const Region& tile);

}  // namespace tpuc::bm1684x
