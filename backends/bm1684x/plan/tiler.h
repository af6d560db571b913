// Tiles of one op: a pure search over cuts of N, C, H and W that fit local memory. No addresses, no instructions.
#pragma once

#include <vector>

#include "backends/bm1684x/plan/group.h"

namespace tpuc::bm1684x {

// Tiles of an op that runs alone. throws UserError E4001 when the smallest tile does not fit.
std::vector<Region> tile_alone(const Op& op, const PlanOptions& options);

// Parts over C of an op whose result stays whole: only as many as keep its constant image small enough to stream.
std::vector<Region> tile_resident(const Op& op);

// Whether the size fields of commands hold the extents of a tile and of what it reads. A view may be longer, on axes
// that may be cut.   source: TIU.md section 14, GDMA.md section 4
bool fits_size_fields(const Op& op, const Kernel& kernel, const Region& tile);

// Bytes of a lane that one tile takes: inputs, result, image, scratch.
int64_t tile_bytes(const Op& op, const Kernel& kernel, const Region& tile);

}  // namespace tpuc::bm1684x
